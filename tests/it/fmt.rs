//! `hence fmt`: what a layout looks like, which files it leaves alone, what it says.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::rough::hence;

const WILD: &str = r#"

// head comment

.decl   e( x:number ,y : number )   .input e( IO = file , filename="a.facts" )
.decl p(x: number)             // who
.decl longer_name(x: number)   // what
.decl n(x:number) // apart
//@ name( "a" )   
p(x):-e(x,_),!e(_ , x).
p(x) :- e(x, y), e(y, z), // why
   z>-1,


   // apart
   x = - 3.
p(x) :- e(x, _); e(_, x).
p(x) :- (e(x, 1); e(1, x)), e(x, _), x = max y + 1 : { e(y, _) , e(_,y)}, x != min(1,2,3), match("a", "b").
n(k) :- k = count : {e(_,_)}.
e(1,2). e(2,3).  e(0x3,4). /* rows */ // of a table
//@ expect p(1)
/*@ expect e(x, y)
  1 2
*/
longer_name(x) :- e(x, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa), x = sum bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb : { e(x, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb) }.
.plan 0:(2,1),1:(1,2)
p(x) :- x = sum bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb : { e(x, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb), e(aaaaaaaaaaaaaaaaaa, x) }, x = 1; e(x, 2), !(x = 1, e(x,_)).


// the end"#;

const TAME: &str = r#"// head comment

.decl e(x: number, y: number) .input e(IO=file, filename="a.facts")
.decl p(x: number)           // who
.decl longer_name(x: number) // what
.decl n(x: number) // apart
//@ name( "a" )
p(x) :- e(x, _), !e(_, x).
p(x) :-
    e(x, y),
    e(y, z), // why
    z > -1,

    // apart
    x = -3.
p(x) :- e(x, _); e(_, x).
p(x) :-
    (e(x, 1); e(1, x)),
    e(x, _),
    x = max y + 1 : { e(y, _), e(_, y) },
    x != min(1, 2, 3),
    match("a", "b").
n(k) :- k = count : { e(_, _) }.
e(1, 2). e(2, 3). e(0x3, 4). /* rows */ // of a table
//@ expect p(1)
/*@ expect e(x, y)
  1 2
*/
longer_name(x) :-
    e(x, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa),
    x = sum bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb : { e(x, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb) }.
.plan 0: (2, 1), 1: (1, 2)
p(x) :-
    x = sum bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb : {
        e(x, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb),
        e(aaaaaaaaaaaaaaaaaa, x)
    },
    x = 1;
    e(x, 2),
    !(x = 1, e(x, _)).

// the end
"#;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn fmt(at: &Path, args: &[&str], input: &str) -> Output {
    hence(at, &[&["fmt"], args].concat(), input.as_bytes())
}

/// Compares exit code, standard output and standard error.
fn check(at: &Path, args: &[&str], exit: i32, (stdout, stderr): (&str, &str)) {
    let output = fmt(at, args, "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), stdout, "{args:?}");
    assert_eq!(said, stderr, "{args:?}");
}

#[test]
fn a_layout() {
    let at = folder(&[]);
    for text in [WILD, TAME] {
        let output = fmt(at.path(), &["-"], text);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), TAME);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn line_ends_and_the_mark_at_the_start_stay() {
    let at = folder(&[]);
    let output = fmt(at.path(), &["-"], "\u{feff}p(1).\r\n\r\n\r\np( 2 ).\r\n");
    assert_eq!(output.stdout, "\u{feff}p(1).\r\n\r\np(2).\r\n".as_bytes());
    assert_eq!(fmt(at.path(), &["-"], "").stdout, b"");
}

#[test]
fn files_are_written_only_where_they_change() {
    let wild = "p( 1 ).\n";
    let at = folder(&[("a.dl", wild), ("b/b.dl", "p(1).\n"), (".c/c.dl", wild), ("d.txt", wild)]);
    let path = at.path().join("a.dl");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.dl", at.path().join("link.dl")).unwrap();
    let told = "1 file to be laid out, 1 file left alone\n";
    check(at.path(), &["--check", "a.dl", "b"], 1, ("a.dl\n", told));
    let diff = "--- a/a.dl\n+++ b/a.dl\n@@ -1 +1 @@\n-p( 1 ).\n+p(1).\n";
    check(at.path(), &["--diff", "a.dl", "b"], 1, (diff, told));
    assert_eq!(fs::read_to_string(&path).unwrap(), wild);
    check(at.path(), &["link.dl"], 0, ("", "1 file laid out\n"));
    check(at.path(), &["--check"], 0, ("", "3 files left alone\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "p(1).\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(at.path().join("link.dl")).unwrap().is_symlink());
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 5, "nothing is left beside");
    assert_eq!(fs::read_to_string(at.path().join(".c/c.dl")).unwrap(), wild);
}

#[test]
fn what_cannot_be_read_stays() {
    let wrong = "p( 1 )\n.output p\n";
    let at = folder(&[("a.dl", wrong), ("b.dl", "p( 1 ).\n")]);
    let output = fmt(at.path(), &["a.dl", "b.dl"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error[H0001]: expected `.` to end the fact"), "{said}");
    assert!(said.ends_with("a.dl is left as it is\n1 file laid out, 1 file that cannot be read\n"));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(at.path().join("a.dl")).unwrap(), wrong);
    assert_eq!(fs::read_to_string(at.path().join("b.dl")).unwrap(), "p(1).\n");
    let output = fmt(at.path(), &["-"], wrong);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    for (args, reason) in [
        (&["none.dl"][..], "error[H0306]: none.dl cannot be read: No such file or directory"),
        (&["empty"][..], "error[H0306]: empty has no rule file (*.dl)"),
    ] {
        fs::create_dir_all(at.path().join("empty")).unwrap();
        let output = fmt(at.path(), args, "");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with(reason));
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn the_rules_are_laid_out() {
    let output = fmt(Path::new(env!("CARGO_MANIFEST_DIR")), &["--check", "rules"], "");
    let names = String::from_utf8(output.stdout).unwrap();
    assert_eq!((names.as_str(), output.status.code()), ("", Some(0)));
}
