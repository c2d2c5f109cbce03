//! Real data beside the repository, and the small files of our own that stand in where it is absent.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the repository, from its top.
pub fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file of real data, or `None` after saying that it is absent: the test then takes a file of our own.
pub fn real(path: &str) -> Option<PathBuf> {
    let file = own("../shared/data").join(path);
    let there = file.exists();
    if !there {
        eprintln!(
            "{} is absent: the test uses the small file of the repository in its place",
            file.display()
        );
    }
    there.then_some(file)
}

/// A sample of a mobilities file and what it holds, counted by a script that shares no code with the service.
///
/// Takes one record in `every` of `file` and writes them to `sample`, gzipped.
pub fn counted_mobilities(file: &Path, every: u64, sample: &Path) -> serde_json::Value {
    let output = Command::new("/usr/bin/python3")
        .arg(own("tests/reference/mobilities.py"))
        .arg(file)
        .args(["--every", &every.to_string(), "--write"])
        .arg(sample)
        .output()
        .expect("/usr/bin/python3 runs; tests/run installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

mod tests {
    use super::{counted_mobilities, own, real};

    #[test]
    fn the_script_counts_every_kind_of_record() {
        let folder = tempfile::tempdir().expect("a folder");
        let sums =
            counted_mobilities(&own("tests/data/mobilities.csv"), 1, &folder.path().join("sample.csv.gz"));
        assert_eq!(sums["kinds"], serde_json::json!({ "C": 2, "P": 6, "S": 13 }));
        assert_eq!(sums["stays"], serde_json::json!({ "study": 15, "work": 9 }));
        assert_eq!((sums["ects"].as_str(), sums["months"].as_str()), (Some("679.5"), Some("120.75")));
        assert_eq!(sums["refused"], serde_json::json!([]));
    }

    #[test]
    fn the_script_names_every_record_that_cannot_be_a_case() {
        let folder = tempfile::tempdir().expect("a folder");
        let sample = folder.path().join("sample.csv.gz");
        let sums = counted_mobilities(&own("tests/data/mobilities_faulty.csv"), 1, &sample);
        let refused = sums["refused"].as_array().expect("a list");
        let numbers: Vec<_> = refused.iter().filter_map(|refused| refused["record"].as_u64()).collect();
        assert_eq!(numbers, (2..=13).collect::<Vec<_>>());
        assert_eq!(sums["records"], 14);
    }

    #[test]
    fn the_script_agrees_with_the_statistics_published_beside_the_real_data() {
        let Some(statistics) = real("erasmus/stats_2008-09.json") else { return };
        let Some(year) = real("erasmus/erasmus_sm_2008-09.csv.gz") else { return };
        let text = std::fs::read(statistics).expect("the statistics");
        let published: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let folder = tempfile::tempdir().expect("a folder");
        let sums = counted_mobilities(&year, 1, &folder.path().join("sample.csv.gz"));
        assert_eq!(sums["records"], published["rows"]);
        assert_eq!(sums["kinds"], published["mobility_type"]);
        assert_eq!(sums["hosts"]["pairs"], published["distinct_flows"]);
        assert_eq!(sums["refused"], serde_json::json!([]));
    }
}
