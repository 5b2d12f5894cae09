//! What can be rendered.

use crate::report::comparison_report::ComparisonReport;
use crate::report::run_report::RunReport;

/// A run's report, or a comparison of two sides.
#[derive(Debug, Clone, Copy)]
pub enum Document<'a> {
    Run(&'a RunReport),
    Comparison(&'a ComparisonReport),
}

impl<'a> From<&'a RunReport> for Document<'a> {
    fn from(report: &'a RunReport) -> Self {
        Self::Run(report)
    }
}

impl<'a> From<&'a ComparisonReport> for Document<'a> {
    fn from(report: &'a ComparisonReport) -> Self {
        Self::Comparison(report)
    }
}
