//! The few words of a picture that no definition brings. To add a language: a constant here and an arm in [`Words::of`].

use crate::vocabulary::Phase;

/// Words in one language.
#[derive(Debug)]
pub struct Words {
    pub workflow: &'static str,
    pub waits_for: &'static str,
    pub deadline: &'static str,
    pub now: &'static str,
    pub taken: &'static str,
    pub main_road: &'static str,
    pub other: &'static str,
    pub note: &'static str,
    pub stays: &'static str,
    pub back: &'static str,
    pub shared: &'static str,
    pub tracks: &'static str,
    pub success: &'static str,
    pub failure: &'static str,
    /// What there is one instance of a track for: a referee, a stay, a document slot.
    pub each: [&'static str; 3],
    phases: [&'static str; 8],
}

const ENGLISH: Words = Words {
    workflow: "Workflow",
    waits_for: "Waits for",
    deadline: "Has a deadline",
    now: "Now",
    taken: "Taken so far",
    main_road: "Main road",
    other: "Other steps",
    note: "Exit → where to",
    stays: "Stays here",
    back: "Back where it was",
    shared: "Exits of several states",
    tracks: "Tracks beside it",
    success: "Ended as hoped",
    failure: "Ended otherwise",
    each: ["for each referee", "for each stay", "for each document"],
    phases: [
        "Application",
        "Selection",
        "Nomination",
        "Approval",
        "Placement",
        "Stay",
        "Recognition",
        "Closed",
    ],
};

const CHINESE: Words = Words {
    workflow: "流程",
    waits_for: "等候對象",
    deadline: "有期限",
    now: "目前",
    taken: "已走過",
    main_road: "主要流程",
    other: "其他步驟",
    note: "離開 → 去處",
    stays: "狀態不變",
    back: "回到原狀態",
    shared: "多個狀態共有的離開",
    tracks: "同時進行",
    success: "順利完成",
    failure: "未完成",
    each: ["每位推薦人各一", "每段期間各一", "每份文件各一"],
    phases: ["申請", "甄選", "提名", "審查", "行前準備", "在外期間", "學分採認", "結束"],
};

impl Words {
    /// Words in a language, English where there are none in it.
    pub fn of(language: &str) -> &'static Self {
        match language {
            "zh-Hant" => &CHINESE,
            _ => &ENGLISH,
        }
    }

    /// The heading of a column.
    pub fn phase(&self, phase: Phase) -> &'static str {
        Phase::ALL.iter().zip(self.phases).find(|(one, _)| **one == phase).map_or("", |(_, word)| word)
    }
}
