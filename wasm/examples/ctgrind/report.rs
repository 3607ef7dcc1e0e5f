//! What memcheck said of each check.

use ironfern_kernel::secrecy::memcheck;
use std::process::ExitCode;

pub struct Report {
    leaks_expected: bool,
    checks: usize,
    unexpected: usize,
}

impl Report {
    pub fn expecting_none() -> Self {
        Self {
            leaks_expected: false,
            checks: 0,
            unexpected: 0,
        }
    }

    /// For controls, which have to be found.
    pub fn expecting_leaks() -> Self {
        Self {
            leaks_expected: true,
            ..Self::expecting_none()
        }
    }

    /// Does `work` and counts the branches and addresses in it that depended on a
    /// secret.
    pub fn check(&mut self, name: &str, work: impl FnOnce()) {
        let before = memcheck::count_errors();
        work();
        let found = memcheck::count_errors() - before;
        let expected = (found > 0) == self.leaks_expected;
        self.checks += 1;
        self.unexpected += usize::from(!expected);
        let verdict = if expected { "ok  " } else { "FAIL" };
        println!("{verdict}  {name}; reports: {found}");
    }

    pub fn close(self) -> ExitCode {
        let of = if self.leaks_expected {
            "controls were not found"
        } else {
            "checks have reports"
        };
        println!("{} of {} {of}", self.unexpected, self.checks);
        if self.unexpected == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
