//! The command `hence`.

use std::process::ExitCode;

use hence::cli::entry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    entry::main()
}
