//! The names of backup copies, as Ansible's `backup_local` gives them.
//!
//! The calendar is written by hand: a crate for it would cost a tenth of the smallest program.

use std::{
    process,
    time::{SystemTime, UNIX_EPOCH},
};

/// What a copy's name has behind the file's name, such as `.4711.2024-05-01@12:13:14~` (UTC).
pub(super) fn ending() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since_epoch.map_or(0, |duration| duration.as_secs());
    // As Ansible names its backups, so that the same clean-up finds them.
    format!(".{}.{}~", process::id(), timestamp(seconds))
}

fn timestamp(seconds: u64) -> String {
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}@{hour:02}:{minute:02}:{second:02}")
}

/// The Gregorian date of a day counted from 1970-01-01, computed in years that begin in March so
/// that the leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    // Days from 1 March of the year 0: the leap day is then the last of its year. Nothing else here needs
    // a crate for dates.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1460 + day_of_era / 146_096 - day_of_era / 36_524;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_date_as_ansible_does() {
        assert_eq!(timestamp(0), "1970-01-01@00:00:00");
        assert_eq!(timestamp(951_782_400), "2000-02-29@00:00:00");
        assert_eq!(timestamp(1_714_565_594), "2024-05-01@12:13:14");
        assert_eq!(timestamp(4_107_542_399), "2100-02-28@23:59:59");
        assert_eq!(timestamp(4_107_542_400), "2100-03-01@00:00:00");
    }
}
