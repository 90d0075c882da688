//! Fifteen mistakes that people make, each by itself: what is printed says what is wrong in the
//! words of the program, shows every place concerned, and names one thing to do.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

const CLAIMS: &str = r#"{"type":"document","id":"seed","path":"seed.txt","date":"2025-06-05"}
{"type":"source","id":"ukr","label":"Ukrainian officials"}
{"type":"entity","id":"nk"}
{"type":"entity","id":"ru"}
"#;

fn claim(id: &str, fields: &str) -> String {
    format!(
        r#"{{"type":"claim","id":"{id}","doc":"seed",{fields},"chain":[{{"who":"ukr","act":"said"}}],"subject":"nk","predicate":"deploys","object":"ru","modality":"projected"}}"#
    )
}

/// A mistake: the command, and files by their names.
struct Mistake<'a> {
    title: &'a str,
    command: &'a str,
    files: Vec<(&'a str, String)>,
}

fn rules<'a>(title: &'a str, command: &'a str, text: &str) -> Mistake<'a> {
    Mistake { title, command, files: vec![("it.dl", text.to_owned())] }
}

fn of_rules() -> Vec<Mistake<'static>> {
    let check = "check it.dl";
    vec![
        rules(
            "missing dot",
            check,
            ".decl claim_lo(c: symbol, n: number) .input claim_lo\n\
             .decl claim_approx(c: symbol) .input claim_approx\n\
             .decl lo(c: symbol, n: number)\n\
             lo(c, n) :- claim_lo(c, n), !claim_approx(c)\n.output lo\n",
        ),
        // All places of the name are mended at once, which is why they are labels and no note.
        rules(
            "unknown relation",
            check,
            ".decl claim_modality(c: symbol, m: symbol) .input claim_modality\n\
             .decl projected(c: symbol)\n\
             projected(c) :- claim_modalty(c, \"projected\").\n\
             projected(c) :- claim_modalty(c, \"planned\").\n.output projected\n",
        ),
        // Two columns could be the missing one, and both are named.
        rules(
            "arity",
            check,
            ".type ClaimId <: symbol\n.type Doc <: symbol\n.type Entity <: symbol\n\
             .decl claim(c: ClaimId, d: Doc, s: Entity, p: symbol, o: Entity) .input claim\n\
             .decl sends(a: Entity, b: Entity)\n\
             sends(a, b) :- claim(_, a, \"deploys\", b).\n.output sends\n",
        ),
        rules(
            "ungrounded variable",
            check,
            ".decl uses(r: symbol, c: symbol) .input uses\n\
             .decl claim_lo(c: symbol, lo: number) .input claim_lo\n\
             .decl claim_hi(c: symbol, hi: number) .input claim_hi\n\
             .decl counted(r: symbol, c: symbol, lo: number, hi: number)\n\
             counted(r, c, lo, hi) :- uses(r, c), claim_lo(c, lo).\n.output counted\n",
        ),
        Mistake {
            title: "negation through a cycle, several files",
            command: check,
            files: vec![
                (
                    "it.dl",
                    ".include \"dispute.dl\"\n.decl source(x: symbol) .input source\n\
                     .decl trusted(x: symbol)\n\
                     trusted(x) :- source(x), !disputed(x).\n.output trusted\n"
                        .to_owned(),
                ),
                (
                    "dispute.dl",
                    ".decl disputed(x: symbol)\n.decl contested(x: symbol)\n\
                     disputed(x) :- source(x), contested(x).\n\
                     contested(x) :- source(x), !trusted(x).\n"
                        .to_owned(),
                ),
            ],
        },
        // The number that was meant is offered as an edit.
        rules(
            "type clash",
            check,
            ".decl claim_lo(c: symbol, n: number) .input claim_lo\n.decl big(c: symbol)\n\
             big(c) :- claim_lo(c, n), n > \"10k\".\n.output big\n",
        ),
    ]
}

fn of_data() -> Vec<Mistake<'static>> {
    let lo = ".decl size(c: symbol, n: number)\n.input size\n.output size\n".to_owned();
    let row = |text: &str| vec![("it.dl", lo.clone()), ("facts/size.facts", text.to_owned())];
    let seed = (
        "seed.txt",
        "Ukrainian officials told CNN they expect an additional 25,000–30,000 North Korean troops\n"
            .to_owned(),
    );
    let north = r#""span":[69,81],"quote":"North Korean""#;
    let amount = |n: &str| format!(r#"{north},"event":"e","amount":{{"unit":"sapper","lo":{n}}}"#);
    let folded = r#""span":[42,89],"quote":"an additional 25,000-30,000 North Korean troops""#;
    let claims = |records: &str| format!("{CLAIMS}{records}\n");
    let check = "check claims.jsonl";
    vec![
        Mistake {
            title: "bad row in a facts file",
            command: "check it.dl -F facts",
            files: row("c0201\t10\nc0202\t12k\nc0203\t13k\n"),
        },
        Mistake {
            title: "missing facts file",
            command: "check it.dl -F facts",
            files: vec![("it.dl", lo.clone()), ("facts/sizes.facts", "c0201\t10\n".to_owned())],
        },
        // The passage is the one that was meant: an edit copies it, and `--fix` applies it.
        Mistake {
            title: "quote not in the document",
            command: check,
            files: vec![("claims.jsonl", claims(&claim("c0201", folded))), seed.clone()],
        },
        Mistake {
            title: "duplicate claim id",
            command: "check claims.jsonl extra.jsonl",
            files: vec![
                ("claims.jsonl", claims(&claim("c0906", &amount("1000")))),
                ("extra.jsonl", format!("{}\n", claim("c0906", &amount("1500")))),
                seed.clone(),
            ],
        },
        Mistake {
            title: "bad date",
            command: check,
            files: vec![
                (
                    "claims.jsonl",
                    claims(&claim("c0305", &format!(r#"{north},"when":"2025-06-31""#))),
                ),
                seed,
            ],
        },
        Mistake {
            title: "out of range",
            command: "check it.dl -F facts",
            files: row("c1502\t9000000000000000000000\n"),
        },
    ]
}

fn of_runs() -> Vec<Mistake<'static>> {
    vec![
        rules(
            "division by zero",
            "run it.dl -D -",
            ".decl reading(r: symbol) reading(\"r1\"). reading(\"r10\").\n\
             .decl counted(r: symbol, c: symbol, x: number)\n\
             counted(\"r1\", \"c1\", 5). counted(\"r10\", \"c0202\", 11000).\n\
             counted(\"r10\", \"c0203\", 0).\n\
             .decl used(r: symbol, n: number) used(\"r1\", 5).\n.decl total(r: symbol, n: number)\n\
             total(r, n) :- reading(r), n = sum x : { used(r, x) }.\n\
             .decl share(c: symbol, p: number)\n\
             share(c, 100 * x / t) :- counted(r, c, x), total(r, t).\n.output share\n",
        ),
        rules(
            "non-terminating recursion",
            "run it.dl -D - --max-rounds 5000",
            ".decl day(d: number)\nday(20240101).\nday(d + 1) :- day(d).\n.output day\n",
        ),
        rules(
            "aggregate over nothing",
            "run it.dl -D out",
            ".decl reading(r: symbol, label: symbol)\n\
             reading(\"r1\", \"a\"). reading(\"r10\", \"empty reading\").\n\
             .decl used(r: symbol, c: symbol) used(\"r1\", \"c1\").\n\
             .decl lo(c: symbol, n: number) lo(\"c1\", 5).\n.decl total(r: symbol, n: number)\n\
             total(r, n) :- reading(r, _), n = sum x : { used(r, c), lo(c, x) }.\n.output total\n",
        ),
    ]
}

fn messages(mistake: &Mistake<'_>) -> String {
    let folder = TempDir::new().unwrap();
    for (name, text) in &mistake.files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_hence"))
        .args(mistake.command.split(' '))
        .current_dir(folder.path())
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn fifteen_mistakes() {
    let all: Vec<Mistake<'_>> = of_rules().into_iter().chain(of_data()).chain(of_runs()).collect();
    assert_eq!(all.len(), 15);
    let texts: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(n, mistake)| format!("-- {}. {}\n{}", n + 1, mistake.title, messages(mistake)))
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}
