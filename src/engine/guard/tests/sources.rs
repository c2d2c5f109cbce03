//! Any text at all, and the way from a tree to text and back.

use super::{
    super::parse::{Expr, Form, Operator, Relation, parse},
    *,
};

/// Text made of pieces that mean something, in any order.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: [&str; 46] = [
        "true",
        "false",
        "now",
        "main",
        "call.years",
        "student.year",
        "x",
        "in",
        "null",
        "has",
        "size",
        "duration",
        "timestamp",
        "exists",
        "all",
        "startsWith",
        "0",
        "1",
        "12.5",
        "9223372036854775807",
        "'a'",
        "'14d'",
        "\"",
        "'",
        "\\",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        " ",
        "校",
        "=",
    ];
    prop::collection::vec(prop::sample::select(&PIECES), 0..200).prop_map(|pieces| pieces.concat())
}

fn endures(source: &str, facts: &Facts) -> Result<(), TestCaseError> {
    match Guard::compile(source, &mut Catalogue::new()) {
        Ok(guard) => {
            guard.holds(facts);
            guard.explain(facts);
        }
        Err(mistakes) => {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                prop_assert!(source.get(mistake.at.clone()).is_some(), "{:?} in {:?}", mistake, source);
                prop_assert!(!mistake.message.is_empty());
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_can_harm(source in "\\PC{0,1365}", facts in facts()) {
        endures(&source, &facts)?;
    }

    #[test]
    fn no_mixture_of_signs_can_harm(source in soup(), facts in facts()) {
        endures(&source, &facts)?;
    }

    #[test]
    fn a_printed_tree_is_read_back(tree in tree()) {
        let printed = print(&tree, 0);
        prop_assume!(printed.len() <= 1024);
        let read = parse(&printed).map_err(|error| TestCaseError::fail(format!("{printed}: {error:?}")))?;
        prop_assert_eq!(bare(&read), bare(&tree), "{}", printed);
    }
}

#[test]
fn the_longest_chains_do_not_nest() {
    for (piece, end) in [
        ("1+", "1 > 0"),
        ("true||", "true"),
        ("1*", "1 > 0"),
        ("!", "true"),
        ("-", "1 < 0"),
        ("1<1&&", "true"),
    ] {
        let source = format!("{}{end}", piece.repeat((1024 - end.len()) / piece.len()));
        assert_ne!(holds(&source, &Facts::none()), Verdict::Unknown, "{piece}");
    }
    let path = format!("{}a", "a.".repeat(511));
    assert!(Guard::compile(&path, &mut Catalogue::new()).is_err());
}

fn tree() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["a", "a.b", "in_force", "x_1.y2"])
            .prop_map(|path| Form::Path(path.to_owned())),
        any::<bool>().prop_map(|value| Form::Literal(Value::Bool(value))),
        (0..=i64::MAX).prop_map(|value| Form::Literal(Value::Int(value))),
        (0..=i64::MAX).prop_map(|value| Form::Literal(Value::Decimal(Decimal::from_thousandths(value | 1)))),
        "[ -~é校]{0,6}".prop_map(|text| Form::Literal(Value::text(text))),
    ];
    let leaf = leaf.prop_map(expr);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let several = |range: std::ops::Range<usize>| prop::collection::vec(inner.clone(), range);
        let relations =
            vec![Relation::Equal, Relation::NotEqual, Relation::Less, Relation::AtMost, Relation::In];
        let sums = prop::sample::select(vec![Operator::Plus, Operator::Minus]);
        let products = prop::sample::select(vec![Operator::Times, Operator::Over, Operator::Modulo]);
        let forms = prop_oneof![
            several(2..4).prop_map(Form::And),
            several(2..4).prop_map(Form::Or),
            several(0..3).prop_map(Form::List),
            several(0..3).prop_map(|args| Form::Call("size".into(), args)),
            several(1..4).prop_filter_map("methods do not chain", |mut args| match args.remove(0) {
                Expr { form: Form::Method(..), .. } => None,
                on => Some(Form::Method(Box::new(on), "exists".into(), args)),
            }),
            boxed().prop_map(Form::Not),
            boxed().prop_map(Form::Negate),
            (prop::sample::select(relations), boxed(), boxed()).prop_map(|(r, a, b)| Form::Compare(r, a, b)),
            (boxed(), prop::collection::vec((sums, inner.clone()), 1..3))
                .prop_map(|(a, rest)| Form::Chain(a, rest)),
            (boxed(), prop::collection::vec((products, inner.clone()), 1..3))
                .prop_map(|(a, rest)| Form::Chain(a, rest)),
        ];
        forms.prop_map(expr)
    })
}

fn expr(form: Form) -> Expr {
    Expr { at: 0..0, form }
}

/// The tree without its places in the source.
fn bare(tree: &Expr) -> String {
    let mut text = format!("{tree:?}");
    while let Some(from) = text.find("at: ") {
        let to = from + text[from..].find(',').unwrap();
        text.replace_range(from..=to, "");
    }
    text
}

/// How strongly the outermost form binds; 0 is weakest.
fn strength(form: &Form) -> u8 {
    match form {
        Form::Or(_) => 0,
        Form::And(_) => 1,
        Form::Compare(..) => 2,
        Form::Chain(_, rest) if matches!(rest[0].0, Operator::Plus | Operator::Minus) => 3,
        Form::Chain(..) => 4,
        Form::Not(_) | Form::Negate(_) => 5,
        Form::Literal(_) | Form::Path(_) | Form::List(_) | Form::Call(..) | Form::Method(..) => 6,
    }
}

/// Prints with as few brackets as the grammar asks for, where at least `needed` must bind.
fn print(tree: &Expr, needed: u8) -> String {
    let own = strength(&tree.form);
    let within = |part: &Expr| print(part, own + 1);
    let list = |parts: &[Expr]| parts.iter().map(|part| print(part, 0)).collect::<Vec<_>>().join(", ");
    let text = match &tree.form {
        Form::Literal(Value::Text(text)) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        Form::Literal(value) => value.to_string(),
        Form::Path(path) => path.clone(),
        Form::List(parts) => format!("[{}]", list(parts)),
        Form::Not(part) => format!("!{}", within(part)),
        Form::Negate(part) => format!("-{}", within(part)),
        Form::And(parts) => parts.iter().map(within).collect::<Vec<_>>().join(" && "),
        Form::Or(parts) => parts.iter().map(within).collect::<Vec<_>>().join("||"),
        Form::Compare(relation, left, right) => {
            format!("{} {} {}", within(left), sign(*relation), within(right))
        }
        Form::Chain(first, rest) => rest.iter().fold(within(first), |text, (operator, part)| {
            let sign = match operator {
                Operator::Plus => '+',
                Operator::Minus => '-',
                Operator::Times => '*',
                Operator::Over => '/',
                Operator::Modulo => '%',
            };
            format!("{text} {sign} {}", within(part))
        }),
        Form::Call(name, args) => format!("{name}({})", list(args)),
        Form::Method(on, name, args) => format!("{}.{name}({})", print(on, 6), list(args)),
    };
    if own < needed { format!("({text})") } else { text }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "==",
        Relation::NotEqual => "!=",
        Relation::Less => "<",
        Relation::AtMost => "<=",
        Relation::More => ">",
        Relation::AtLeast => ">=",
        Relation::In => "in",
    }
}
