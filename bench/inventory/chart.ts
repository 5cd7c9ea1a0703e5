/** A growth curve as SVG: points, and the straight line that fits them best. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** Coefficient of determination: 1 when all points lie on the line. */
  readonly r2: number;
}

/** Least squares. */
export function bestLine(points: readonly Point[]): Line {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [mx, my] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const sum = (term: (point: Point) => number) => points.reduce((total, point) => total + term(point), 0);
  const slope = sum(({ x, y }) => (x - mx) * (y - my)) / sum(({ x }) => (x - mx) ** 2);
  const intercept = my - slope * mx;
  const residual = sum(({ x, y }) => (y - intercept - slope * x) ** 2);
  return { slope, intercept, r2: 1 - residual / sum(({ y }) => (y - my) ** 2) };
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly points: readonly Point[];
}

const size = { width: 420, height: 300, left: 48, bottom: 40, top: 34, right: 16 } as const;

function panelSvg({ title, unit, points }: Panel, offset: number): string {
  const line = bestLine(points);
  const most = { x: Math.max(...points.map(({ x }) => x)), y: Math.max(...points.map(({ y }) => y)) * 1.1 };
  const x = (value: number) => offset + size.left + (value / most.x) * (size.width - size.left - size.right);
  const y = (value: number) => size.height - size.bottom - (value / most.y) * (size.height - size.bottom - size.top);
  const round = (value: number) => value.toFixed(1);
  const text = (at: Point, content: string, anchor = "middle") =>
    `<text x="${round(at.x)}" y="${round(at.y)}" text-anchor="${anchor}">${content}</text>`;
  const end = line.intercept + line.slope * most.x;
  return [
    `<path d="M${x(0)} ${y(most.y)}V${y(0)}H${x(most.x)}" class="axis"/>`,
    `<path d="M${round(x(0))} ${round(y(line.intercept))}L${round(x(most.x))} ${round(y(end))}" class="line"/>`,
    ...points.map((point) => `<circle cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="3.5"/>`),
    ...points.map((point) => text({ x: x(point.x), y: y(0) + 15 }, String(point.x))),
    ...[0, 0.5, 1].map((part) => text({ x: x(0) - 6, y: y(most.y * part) + 4 }, (most.y * part).toFixed(1), "end")),
    text({ x: offset + size.width / 2, y: 18 }, `${title}: seconds, R² ${line.r2.toFixed(4)}`),
    text({ x: offset + size.width / 2, y: size.height - 8 }, unit),
  ].join("\n");
}

export function chart(panels: readonly Panel[]): string {
  const width = size.width * panels.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${size.height}" font-family="sans-serif" font-size="11">`,
    "<style>.axis{fill:none;stroke:#888}.line{fill:none;stroke:#4a7dbd}circle{fill:#d1495b}text{fill:#444}</style>",
    `<rect width="${width}" height="${size.height}" fill="#fff"/>`,
    ...panels.map((panel, index) => panelSvg(panel, index * size.width)),
    "</svg>\n",
  ].join("\n");
}
