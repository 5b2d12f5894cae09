//! Colour for a table.

use console::Style as Paint;

/// Lines that begin with one of `strong` bold, rules faint, marks by their meaning. The text itself
/// has no escape sequences: [`crate::support::error::one_line`] removed them.
pub(super) fn paint(text: &str, strong: &[String]) -> String {
    let style = |paint: Paint| paint.force_styling(true);
    let (bold, faint) = (style(Paint::new().bold()), style(Paint::new().dim()));
    let marks = [
        ('✓', style(Paint::new().green())),
        ('~', style(Paint::new().yellow())),
        ('✗', style(Paint::new().red())),
    ];
    let character = |c: char| {
        let paint = marks.iter().find(|(mark, _)| *mark == c);
        paint.map_or_else(|| c.to_string(), |(_, paint)| paint.apply_to(c).to_string())
    };
    let line = |line: &str| -> String {
        if line.starts_with('─') {
            faint.apply_to(line).to_string()
        } else if line.starts_with("PARTIAL")
            || strong.iter().any(|start| line.starts_with(start.as_str()))
        {
            bold.apply_to(line).to_string()
        } else {
            line.chars().map(character).collect()
        }
    };
    text.lines().map(|text| line(text) + "\n").collect()
}
