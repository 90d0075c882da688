//! `hence completions` and `hence man`: files that packages of hence install.

use std::fs::create_dir_all;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};
use clap_mangen::Man as Page;

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::rewrite::write;
use crate::io::find::shown;
use crate::text::codes::Code;
use crate::text::diagnostic::Diagnostic;

/// `hence completions`
#[derive(Args, Debug, Clone, Copy)]
pub struct Completions {
    /// Of which shell
    #[arg(value_name = "SHELL")]
    pub shell: ShellArg,
}

/// A shell that completes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShellArg {
    /// bash: source it, or put it into ~/.local/share/bash-completion/completions/hence
    Bash,
    /// zsh: put it into a folder of $fpath as _hence
    Zsh,
    /// fish: put it into ~/.config/fish/completions/hence.fish
    Fish,
}

/// `hence man`
#[derive(Args, Debug, Clone)]
pub struct Man {
    /// Where to write hence.1 and a page for every command [default: hence.1 is printed]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// Prints the completion of a shell.
///
/// # Errors
/// If standard output cannot be written.
pub fn completions(args: Completions) -> Result<(), Exit> {
    let shell = match args.shell {
        ShellArg::Bash => Shell::Bash,
        ShellArg::Zsh => Shell::Zsh,
        ShellArg::Fish => Shell::Fish,
    };
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), "hence", &mut text);
    let mut out = stdout().lock();
    out.write_all(&text)?;
    out.flush()?;
    Ok(())
}

/// Prints the manual, or writes its pages.
///
/// # Errors
/// If they cannot be written.
pub fn man(args: &Man) -> Result<(), Exit> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &args.folder else {
        let mut out = stdout().lock();
        out.write_all(page(&command)?.as_bytes())?;
        out.flush()?;
        return Ok(());
    };
    create_dir_all(folder).map_err(|error| {
        let text = format!("{} cannot be made: {error}", shown(folder));
        Exit::from(Diagnostic::new(Code::H0306, text))
    })?;
    put(folder, "hence.1", &page(&command)?)?;
    for one in command.get_subcommands() {
        let name = format!("hence-{}", one.get_name());
        put(folder, &format!("{name}.1"), &page(&one.clone().name(name.clone().leak() as &str))?)?;
    }
    Ok(())
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), Exit> {
    write(&folder.join(name), text)
}

fn page(command: &Command) -> Result<String, Exit> {
    let mut text = Vec::new();
    Page::new(command.clone()).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
