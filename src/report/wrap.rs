//! Lines that fit a width.

use console::measure_text_width;

use crate::report::style::Style;

/// `line` in pieces of at most `width` columns, broken after spaces where there are any. Nothing is
/// left out: together the pieces are the line.
pub(super) fn wrapped(line: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while measure_text_width(rest) > width {
        let end = end_of_piece(rest, width);
        if end == rest.len() {
            break;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// A line, and below it what does not fit beside it, two columns in; whole without a width.
pub(super) fn hanging(line: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| measure_text_width(line) > *width) else {
        return format!("{line}\n");
    };
    let (first, rest) = line.split_at(end_of_piece(line, width));
    let mut out = format!("{}\n", first.trim_end());
    for piece in wrapped(rest, width.saturating_sub(2).max(1)) {
        out.push_str(&format!("  {}\n", piece.trim_end()));
    }
    out
}

/// Text whose lines all fit: those that are too wide go on below, two columns in.
pub(crate) fn fitted(text: &str, style: Style) -> String {
    let lines = text.lines();
    lines.map(|line| hanging(line, style.width)).collect()
}

/// Where the first piece of a line that is too wide ends: never at its start. Spaces at the end of
/// a piece may stand beyond the width, where nobody sees them.
fn end_of_piece(line: &str, width: usize) -> usize {
    let (mut used, mut after_space, mut previous) = (0, None, ' ');
    for (at, c) in line.char_indices() {
        if previous == ' ' && c != ' ' && at > 0 {
            after_space = Some(at);
        }
        used += measure_text_width(c.encode_utf8(&mut [0; 4]));
        if used > width && c != ' ' {
            let within_a_word = at.max(line.chars().next().map_or(0, char::len_utf8));
            return after_space.unwrap_or(within_a_word);
        }
        previous = c;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_they_fit_and_nothing_is_lost() {
        assert_eq!(wrapped("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrapped("one two", 7), ["one two"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh ", "ij"]);
        assert_eq!(wrapped("    indented text", 12), ["    indented ", "text"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("你好世界", 4), ["你好", "世界"]);
        // Not even one character fits: one a line.
        assert_eq!(wrapped("你好", 1), ["你", "好"]);
        for width in 1..20 {
            let line = "  a  long-word and é你 more   ";
            assert_eq!(wrapped(line, width).concat(), line);
        }
    }
}
