//! Tables of medians over several processes.

use std::fmt::Write;

use crate::median;

/// The tables of one process.
#[derive(Default)]
pub struct Report(Vec<Table>);

/// A table in Markdown, with names in the first columns and measured cells in the others.
#[derive(Default)]
pub struct Table {
    title: String,
    names: Vec<String>,
    columns: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Default)]
struct Row {
    names: Vec<String>,
    cells: Vec<Cell>,
}

/// What was measured for a column.
pub struct Cell {
    kind: Kind,
    decimals: usize,
    values: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Value,
    Pair,
    Ratio,
    Compared,
}

/// A figure.
pub fn value(value: f64, decimals: usize) -> Cell {
    Cell::new(Kind::Value, decimals, vec![value])
}

/// A figure and that of the baseline.
pub fn pair(ours: f64, baseline: f64, decimals: usize) -> Cell {
    Cell::new(Kind::Pair, decimals, vec![ours, baseline])
}

/// A ratio, with its spread over the processes.
pub fn ratio(ratio: f64) -> Cell {
    Cell::new(Kind::Ratio, 3, vec![ratio])
}

/// A figure and that of the baseline, with their ratio in a column of its own. The ratio is the median of
/// the rounds' ratios, not the ratio of the medians.
pub fn compared(ours: f64, baseline: f64, decimals: usize, ratio: f64) -> Cell {
    Cell::new(Kind::Compared, decimals, vec![ours, baseline, ratio])
}

impl Cell {
    fn new(kind: Kind, decimals: usize, values: Vec<f64>) -> Self {
        Self {
            kind,
            decimals,
            values,
        }
    }

    fn to_text(&self) -> String {
        let kind = match self.kind {
            Kind::Value => "value",
            Kind::Pair => "pair",
            Kind::Ratio => "ratio",
            Kind::Compared => "compared",
        };
        let values: Vec<String> = self.values.iter().map(f64::to_string).collect();
        format!("{kind} {} {}", self.decimals, values.join(" "))
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let kind = match words.next()? {
            "value" => Kind::Value,
            "pair" => Kind::Pair,
            "ratio" => Kind::Ratio,
            "compared" => Kind::Compared,
            _ => return None,
        };
        let decimals = words.next()?.parse().ok()?;
        let values = words.map(|value| value.parse().ok()).collect::<Option<_>>();
        Some(Self::new(kind, decimals, values?))
    }
}

impl Report {
    /// Begins a table. `names` are the headings of the names of a row, and `columns` those of its cells. A
    /// compared cell has a second column for its ratio, which needs no heading here.
    pub fn table(&mut self, title: &str, names: &[&str], columns: &[&str]) -> &mut Table {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        self.0.push(Table {
            title: title.to_owned(),
            names: owned(names),
            columns: owned(columns),
            rows: Vec::new(),
        });
        self.0.last_mut().expect("it was just added")
    }

    /// Returns one line per table and per row, with fields separated by tabs.
    pub(crate) fn to_lines(&self) -> String {
        let mut lines = String::new();
        for table in &self.0 {
            let (names, columns) = (table.names.join("|"), table.columns.join("|"));
            let _ = writeln!(lines, "table\t{}\t{names}\t{columns}", table.title);
            for row in &table.rows {
                let cells: Vec<String> = row.cells.iter().map(Cell::to_text).collect();
                let _ = writeln!(lines, "row\t{}\t{}", row.names.join("|"), cells.join("|"));
            }
        }
        lines
    }

    pub(crate) fn from_lines(lines: &str) -> Self {
        let mut report = Self::default();
        for line in lines.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            match *parts {
                ["table", title, names, columns] => {
                    let split = |text: &str| text.split('|').map(str::to_owned).collect();
                    report.0.push(Table {
                        title: title.to_owned(),
                        names: split(names),
                        columns: split(columns),
                        rows: Vec::new(),
                    });
                }
                ["row", names, cells] => {
                    let cells = cells.split('|').map(Cell::from_text);
                    let table = report.0.last_mut().expect("a table before its rows");
                    table.rows.push(Row {
                        names: names.split('|').map(str::to_owned).collect(),
                        cells: cells.collect::<Option<_>>().expect("cells as written"),
                    });
                }
                _ => panic!("not a line of a report: {line:?}"),
            }
        }
        report
    }
}

impl Table {
    /// Adds a row: its names, and a cell per column.
    pub fn row(&mut self, names: &[&str], cells: Vec<Cell>) {
        eprintln!("  {}: {}", self.title, names.join(", "));
        self.rows.push(Row {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            cells,
        });
    }
}

/// Returns the tables in Markdown, with the medians of all processes. The compared cells of `shipped`,
/// which may be empty, have columns of their own.
pub(crate) fn render(reports: &[Report], shipped: &[Report]) -> String {
    let mut text = String::new();
    for (number, table) in reports[0].0.iter().enumerate() {
        let _ = writeln!(text, "\n{}\n", table.title);
        let mut headings = table.names.clone();
        headings.extend(headings_of(table, "", |_| true));
        if !shipped.is_empty() {
            headings.extend(headings_of(table, ", shipped", is_compared));
        }
        write_line(&mut text, &headings);
        write_line(&mut text, &vec!["---".to_owned(); headings.len()]);
        for (index, row) in table.rows.iter().enumerate() {
            let mut columns = row.names.clone();
            columns.extend(columns_of(reports, number, index, |_| true));
            columns.extend(columns_of(shipped, number, index, is_compared));
            write_line(&mut text, &columns);
        }
    }
    text
}

fn is_compared(kind: Kind) -> bool {
    kind == Kind::Compared
}

fn write_line(text: &mut String, columns: &[String]) {
    let _ = writeln!(text, "| {} |", columns.join(" | "));
}

fn headings_of(table: &Table, suffix: &str, is_shown: fn(Kind) -> bool) -> Vec<String> {
    let cells = table.rows.first().map_or(&[][..], |row| &row.cells);
    let shown = table.columns.iter().zip(cells);
    let shown = shown.filter(|(_, cell)| is_shown(cell.kind));
    shown
        .flat_map(|(column, cell)| match cell.kind {
            Kind::Compared => vec![format!("{column}{suffix}"), format!("Ratio{suffix}")],
            _ => vec![format!("{column}{suffix}")],
        })
        .collect()
}

/// Returns the columns of a row, with the medians over all reports.
fn columns_of(
    reports: &[Report],
    table: usize,
    row: usize,
    is_shown: fn(Kind) -> bool,
) -> Vec<String> {
    let Some(first) = reports.first() else {
        return Vec::new();
    };
    let mut columns = Vec::new();
    for (index, cell) in first.0[table].rows[row].cells.iter().enumerate() {
        let of = |value: usize| -> Vec<f64> {
            let values = reports.iter();
            let cell = |report: &Report| report.0[table].rows[row].cells[index].values[value];
            values.map(cell).collect()
        };
        let figure = |value: usize| format!("{:.*}", cell.decimals, median(of(value)));
        let with_spread = |value: usize| {
            let values = of(value);
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = values.iter().copied().fold(0.0, f64::max);
            format!("{:.3} [{lowest:.2}–{highest:.2}]", median(values))
        };
        match cell.kind {
            _ if !is_shown(cell.kind) => {}
            Kind::Value => columns.push(figure(0)),
            Kind::Ratio => columns.push(with_spread(0)),
            Kind::Pair => columns.push(format!("{} : {}", figure(0), figure(1))),
            Kind::Compared => {
                columns.push(format!("{} : {}", figure(0), figure(1)));
                columns.push(with_spread(2));
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(times: f64) -> Report {
        let mut report = Report::default();
        let table = report.table("Calls", &["Call"], &["µs", "Allocations"]);
        let cells = vec![compared(times, 10.0, 1, times / 10.0), pair(7.0, 8.0, 0)];
        table.row(&["get"], cells);
        Report::from_lines(&report.to_lines())
    }

    #[test]
    fn a_table_has_medians_a_spread_and_the_columns_of_the_shipped_build() {
        let reports = [report(9.0), report(12.0), report(11.0)];
        assert_eq!(
            render(&reports, &[report(8.0)]),
            "\nCalls\n\n| Call | µs | Ratio | Allocations | µs, shipped | Ratio, shipped |\n\
             | --- | --- | --- | --- | --- | --- |\n\
             | get | 11.0 : 10.0 | 1.100 [0.90–1.20] | 7 : 8 | 8.0 : 10.0 | 0.800 [0.80–0.80] |\n"
        );
    }
}
