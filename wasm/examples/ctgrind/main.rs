//! The kernel under Valgrind's memcheck, with every secret marked as undefined:
//! `tests/audit/ctgrind.sh` builds and runs this.
//!
//! What is run is the machine code of the build machine, not WebAssembly: this
//! finds a branch or an address that the source or LLVM made depend on a secret.

mod controls;
mod inputs;
mod primitives;
mod report;
mod tokens;

use ironfern_kernel::secrecy::memcheck;
use report::Report;
use std::process::ExitCode;

fn main() -> ExitCode {
    if !memcheck::is_running() {
        eprintln!("ctgrind: not under Valgrind: run tests/audit/ctgrind.sh");
        return ExitCode::FAILURE;
    }
    let report = match std::env::args().nth(1).as_deref() {
        // Leaks made on purpose, without which silence would mean nothing.
        Some("controls") => {
            let mut report = Report::expecting_leaks();
            controls::run(&mut report);
            report
        }
        _ => {
            let mut report = Report::expecting_none();
            tokens::run(&mut report);
            primitives::run(&mut report);
            report
        }
    };
    report.close()
}
