//! Lines over a plane, as SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Room for the words: left, right, top, bottom.
const ROOM: [f64; 4] = [80.0, 220.0, 40.0, 50.0];
/// How many letters of a line's name fit to the right.
const LETTERS: usize = 30;
const COLORS: [&str; 6] = ["#1b6ca8", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#be123c"];

/// A figure with both axes by powers of ten.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What it shows.
    pub(crate) title: &'static str,
    /// What the horizontal axis says.
    pub(crate) across: &'static str,
    /// What the vertical axis says.
    pub(crate) up: &'static str,
    /// What is shown.
    pub(crate) lines: Vec<Line>,
}

/// One line of a figure.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What it is, in 30 letters at most, for which there is room.
    pub(crate) name: String,
    /// Whether it is what others are compared with.
    pub(crate) dashed: bool,
    /// Its points, from left to right, all above zero.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Figure {
    /// The figure as a file.
    pub(crate) fn svg(&self) -> String {
        let [left, right, top, bottom] = ROOM;
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let across = Axis::over(points().map(|point| point.0), left, WIDTH - right);
        let up = Axis::over(points().map(|point| point.1), HEIGHT - bottom, top);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        let mut text = |x: f64, y: f64, anchor: &str, text: &str| {
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
        };
        text(left, 20.0, "start", self.title);
        text((left + WIDTH - right) / 2.0, HEIGHT - 10.0, "middle", self.across);
        text(left, top - 6.0, "end", self.up);
        for power in across.powers() {
            text(across.at(power), HEIGHT - bottom + 18.0, "middle", &short(power));
        }
        for power in up.powers() {
            text(left - 6.0, up.at(power) + 4.0, "end", &short(power));
        }
        for (index, line) in self.lines.iter().enumerate() {
            debug_assert!(line.name.chars().count() <= LETTERS, "{:?} is cut off", line.name);
            text(WIDTH - right + 34.0, top + 18.0 * index as f64 + 4.0, "start", &line.name);
        }
        for power in up.powers() {
            let y = up.at(power);
            let _ = writeln!(
                svg,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
                WIDTH - right
            );
        }
        let mut color = 0;
        for (index, line) in self.lines.iter().enumerate() {
            // What a line is compared with has its color.
            color += usize::from(index > 0 && !line.dashed);
            let dashes = if line.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            let style = format!("fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dashes}", COLORS[color % 6]);
            let path: Vec<String> =
                line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", across.at(*x), up.at(*y))).collect();
            let _ = writeln!(svg, "<polyline points=\"{}\" {style}/>", path.join(" "));
            let (x, y) = (WIDTH - right + 6.0, top + 18.0 * index as f64);
            let _ = writeln!(svg, "<polyline points=\"{x},{y} {},{y}\" {style}/>", x + 22.0);
        }
        svg + "</svg>\n"
    }
}

/// Where a value is.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis that has all these values, from a whole power of ten to another.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            (low, high) = (low.min(value.log10()), high.max(value.log10()));
        }
        let (low, high) = (low.floor(), high.ceil());
        Self { low, high: high.max(low + 1.0), from, to }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (value.log10() - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn powers(&self) -> impl Iterator<Item = f64> + use<> {
        (self.low as i32..=self.high as i32).map(|power| 10_f64.powi(power))
    }
}

fn short(value: f64) -> String {
    if value >= 1000.0 { format!("{} k", value / 1000.0) } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_within_the_figure() {
        let line = |name: &str, points: &[(f64, f64)]| Line {
            name: name.to_owned(),
            dashed: false,
            points: points.to_vec(),
        };
        let figure = Figure {
            title: "t",
            across: "tasks",
            up: "/s",
            lines: vec![line("a", &[(1.0, 20.0), (64.0, 900.0)]), line("b", &[(1.0, 5.0), (64.0, 5_000.0)])],
        };
        let svg = figure.svg();
        assert_eq!(svg.matches("<polyline").count(), 4, "two lines and their keys");
        for points in svg.split("points=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0) {
            for point in points.split(' ') {
                let (x, y) = point.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{point}");
            }
        }
        for color in &COLORS[..2] {
            assert_eq!(svg.matches(color).count(), 2, "each line and its key have a color of their own");
        }
        // The higher value is further up.
        let up = Axis::over([5.0, 5_000.0].into_iter(), HEIGHT, 0.0);
        assert!(up.at(900.0) < up.at(20.0));
    }
}
