//! Manual pages, from the definitions and the help of the command line.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::support::version::VERSION;

/// Sections of the main command's help that every page has.
const EVERYWHERE: [&str; 2] = ["Environment", "Exit status"];

/// A page by the name of its file.
pub(super) struct Page {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

/// A section of the text after a command's help: a line `Heading:` and the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    heading: String,
    lines: Vec<String>,
}

/// A page for the command and one for each of its subcommands.
pub(super) fn pages(command: Command) -> Result<Vec<Page>, std::io::Error> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let everywhere: Vec<Section> = sections(&command)
        .into_iter()
        .filter(|section| EVERYWHERE.contains(&section.heading.as_str()))
        .collect();
    let mut pages = Vec::new();
    let mut rest = vec![command];
    while let Some(command) = rest.pop() {
        rest.extend(
            command
                .get_subcommands()
                .filter(|c| !c.is_hide_set())
                .cloned(),
        );
        pages.push(page(command, &everywhere)?);
    }
    Ok(pages)
}

fn page(command: Command, everywhere: &[Section]) -> Result<Page, std::io::Error> {
    let (mut own, examples): (Vec<Section>, Vec<Section>) = sections(&command)
        .into_iter()
        .filter(|section| !everywhere.contains(section))
        .partition(|section| section.heading != "Examples");
    own.extend(everywhere.iter().cloned().chain(examples));
    let has_options = command.get_arguments().any(|arg| !arg.is_hide_set());
    let has_subcommands = command.get_subcommands().any(|c| !c.is_hide_set());
    let man = Man::new(command).source(format!("pairbench {VERSION}"));
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if has_options {
        man.render_options_section(&mut text)?;
    }
    if has_subcommands {
        man.render_subcommands_section(&mut text)?;
    }
    for section in own {
        section.render(&mut text)?;
    }
    let name = man.get_filename();
    Ok(Page { name, text })
}

/// What stands after the help of a command; lines before the first heading are notes.
fn sections(command: &Command) -> Vec<Section> {
    let text = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        let heading = line.strip_suffix(':').filter(|_| !line.starts_with(' '));
        match (heading, sections.last_mut()) {
            (Some(heading), _) => sections.push(Section::new(heading)),
            (None, Some(section)) => section.lines.push(line.to_owned()),
            (None, None) => {
                let mut notes = Section::new("Notes");
                notes.lines.push(line.to_owned());
                sections.push(notes);
            }
        }
    }
    sections
}

impl Section {
    fn new(heading: &str) -> Self {
        Self {
            heading: heading.to_owned(),
            lines: Vec::new(),
        }
    }

    /// Its lines as they are.
    fn render(&self, to: &mut Vec<u8>) -> Result<(), std::io::Error> {
        let mut roff = Roff::new();
        roff.control("SH", [self.heading.to_uppercase().as_str()]);
        roff.control("nf", []);
        let lines = self.lines.join("\n");
        for line in lines.trim_end().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        roff.to_writer(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_becomes_sections() {
        let help = "A note: with a colon.\n\nExamples:\n  pairbench\n\nExit status:\n  0  done";
        let found = sections(&Command::new("x").after_help(help));
        let headings: Vec<&str> = found
            .iter()
            .map(|section| section.heading.as_str())
            .collect();
        assert_eq!(headings, ["Notes", "Examples", "Exit status"]);
        assert_eq!(found[1].lines, ["  pairbench", ""]);
        assert!(sections(&Command::new("x")).is_empty());
    }
}
