//! The time that a template may show: passed in, so that rendering is a function of its inputs.

use minijinja::{Error, ErrorKind};

/// A moment and the clock on the wall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970, UTC.
    pub unix_s: i64,
    /// Seconds that local time is ahead of UTC.
    pub utc_offset_s: i64,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Now {
    /// Local time as C's `strftime` writes it, in the C locale.
    pub(super) fn format(self, format: &str) -> Result<String, Error> {
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => out.push_str(&self.directive(chars.next().unwrap_or('%'), &mut chars)?),
                c => out.push(c),
            }
        }
        Ok(out)
    }

    fn directive(self, letter: char, rest: &mut std::str::Chars<'_>) -> Result<String, Error> {
        let seconds = self.unix_s.saturating_add(self.utc_offset_s);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let twelve = (hour + 11) % 12 + 1;
        let day_name = DAYS[(days + 4).rem_euclid(7) as usize];
        let month_name = MONTHS[month as usize - 1];
        Ok(match letter {
            'Y' => year.to_string(),
            'y' => format!("{:02}", year.rem_euclid(100)),
            'm' => format!("{month:02}"),
            'B' => month_name.to_owned(),
            'b' | 'h' => month_name[..3].to_owned(),
            'd' => format!("{day:02}"),
            'e' => format!("{day:2}"),
            'j' => format!("{:03}", days - days_before(year, 1, 1) + 1),
            'A' => day_name.to_owned(),
            'a' => day_name[..3].to_owned(),
            'w' => (days + 4).rem_euclid(7).to_string(),
            'H' => format!("{hour:02}"),
            'I' => format!("{twelve:02}"),
            'M' => format!("{minute:02}"),
            'S' => format!("{:02}", second % 60),
            'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'F' => self.format("%Y-%m-%d")?,
            'T' => self.format("%H:%M:%S")?,
            'D' => self.format("%m/%d/%y")?,
            'R' => self.format("%H:%M")?,
            'z' | 'Z' => String::new(), // as for a `datetime` without a zone
            's' => self.unix_s.to_string(),
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            '%' => "%".to_owned(),
            // glibc's: the number without its zero.
            '-' => {
                let padded = self.directive(rest.next().unwrap_or('%'), rest)?;
                let bare = padded.trim_start_matches([' ', '0']);
                if bare.is_empty() { "0".to_owned() } else { bare.to_owned() }
            }
            other => {
                let message = format!("`%{other}` is not a date's directive that is known");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        })
    }
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) =
        (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The day, counted from 1970-01-01, of a date.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |unix_s: i64, utc_offset_s: i64, format: &str, expected: &str| {
            let now = Now { unix_s, utc_offset_s };
            assert_eq!(now.format(format).expect("known directives"), expected);
        };
        check(0, 0, "%Y-%m-%d %H:%M:%S %A %j", "1970-01-01 00:00:00 Thursday 001");
        check(951_782_400, 0, "%d %b %Y, %a, day %j", "29 Feb 2000, Tue, day 060");
        check(1_735_689_599, 0, "%d %B %Y %I:%M %p %j", "31 December 2024 11:59 PM 366");
        check(1_735_689_599, 3600, "%F %T %-d %-m %y %%", "2025-01-01 00:59:59 1 1 25 %");
        check(-1, 0, "%D %e", "12/31/69 31");
        assert!(Now::default().format("%Q").is_err());
    }
}
