#include "pattern_image.h"

#include "colour_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

namespace patchbay::widgets {
namespace {

/// Weight → colour by table: 1024 steps are finer than 8-bit colours can show.
class WeightTable {
public:
    explicit WeightTable(const PatternColours &colours) : m_difference(colours.difference)
    {
        const int last = int(m_colours.size()) - 1;
        for (int i = 0; i <= last; ++i) {
            const double t = m_difference ? 2.0 * i / last - 1 : double(i) / last;
            m_colours[size_t(i)] = attentionColour(t, m_difference, colours.zero);
        }
        m_scale = float(last / (colours.maximum > 0 ? colours.maximum : 1) / (m_difference ? 2 : 1));
        m_offset = m_difference ? float(last) / 2 : 0;
        m_ground = colours.zero.rgb();
    }
    QRgb operator()(float weight) const
    {
        if (!(weight == weight))
            return m_ground;
        const float place = std::clamp(weight * m_scale + m_offset, 0.0f, float(m_colours.size() - 1));
        return m_colours[size_t(place + 0.5f)];
    }
    QRgb ground() const { return m_ground; }

private:
    std::array<QRgb, 1025> m_colours{};
    float m_scale = 1, m_offset = 0;
    bool m_difference;
    QRgb m_ground;
};

/// The cells [first, last) that pixel i of n covers; empty outside [0, size).
struct Span {
    int first = 0, last = 0;
    bool operator==(const Span &) const = default;
};

QVector<Span> spans(double start, double length, int pixels, int size)
{
    QVector<Span> result(pixels);
    const double step = length / std::max(1, pixels);
    for (int i = 0; i < pixels; ++i) {
        // The pixel's centre decides while cells are larger than pixels; otherwise every cell belongs to one pixel.
        const double from = start + i * step;
        Span span;
        if (step <= 1) {
            span.first = int(std::floor(from + step / 2));
            span.last = span.first + 1;
        } else {
            span.first = int(std::ceil(from - 1e-9));
            span.last = std::max(span.first + 1, int(std::ceil(from + step - 1e-9)));
        }
        span.first = std::clamp(span.first, 0, size);
        span.last = std::clamp(span.last, 0, size);
        if (start + (i + 0.5) * step < 0)
            span = {0, 0};
        result[i] = span;
    }
    return result;
}

float strongest(const float *weights, int size, const Span &rows, const Span &columns)
{
    float best = 0;
    for (int row = rows.first; row < rows.last; ++row) {
        const float *line = weights + qsizetype(row) * size;
        for (int column = columns.first; column < columns.last; ++column) {
            if (std::abs(line[column]) > std::abs(best))
                best = line[column];
        }
    }
    return best;
}

} // namespace

QImage renderPattern(const QVector<float> &weights, int size, const QRectF &cells, QSize pixels,
                     const PatternColours &colours)
{
    if (pixels.isEmpty())
        return {};
    QImage image(pixels, QImage::Format_RGB32);
    const WeightTable table(colours);
    if (size <= 0 || weights.size() < qsizetype(size) * size) {
        image.fill(table.ground());
        return image;
    }
    const QVector<Span> rows = spans(cells.top(), cells.height(), pixels.height(), size);
    const QVector<Span> columns = spans(cells.left(), cells.width(), pixels.width(), size);
    for (int y = 0; y < pixels.height(); ++y) {
        auto *line = reinterpret_cast<QRgb *>(image.scanLine(y));
        if (y > 0 && rows[y] == rows[y - 1]) {
            std::memcpy(line, image.constScanLine(y - 1), size_t(pixels.width()) * sizeof(QRgb));
            continue;
        }
        for (int x = 0; x < pixels.width(); ++x) {
            if (x > 0 && columns[x] == columns[x - 1])
                line[x] = line[x - 1];
            else if (columns[x].first >= columns[x].last || rows[y].first >= rows[y].last)
                line[x] = table.ground();
            else
                line[x] = table(strongest(weights.constData(), size, rows[y], columns[x]));
        }
    }
    return image;
}

double largestWeight(const QVector<float> &weights)
{
    double largest = 0;
    for (float weight : weights) {
        if (std::isfinite(weight))
            largest = std::max(largest, double(std::abs(weight)));
    }
    return largest;
}

namespace {
/// In a long text most rows look at the first token, and the rest of a row is spread so thin that nothing of it would
/// be seen: the scale ends where a few cells of every row lie above it.
double usualLargest(const QVector<float> &weights)
{
    constexpr double kLong = 64, kAbove = 3; // tokens; cells a row
    const double size = std::sqrt(double(weights.size()));
    if (size <= kLong)
        return largestWeight(weights);
    std::vector<float> seen;
    for (const float weight : weights)
        if (std::isfinite(weight) && weight != 0)
            seen.push_back(std::abs(weight));
    const size_t above = size_t(kAbove * size);
    if (seen.size() <= above)
        return largestWeight(weights);
    const auto place = seen.end() - qsizetype(above) - 1;
    std::nth_element(seen.begin(), place, seen.end());
    return *place;
}
} // namespace

double patternMaximum(const QVector<float> &weights)
{
    const double largest = usualLargest(weights);
    if (largest < 0.1 && largestWeight(weights) > 0.1 && largest > 0) {
        const double unit = std::pow(10, std::floor(std::log10(largest)));
        for (const double step : {1.0, 2.0, 5.0})
            if (largest <= step * unit * (1 + 1e-6))
                return step * unit;
        return 10 * unit;
    }
    if (largest <= 0.1)
        return largest > 0 ? 0.1 : 1;
    const double power = std::pow(10, std::floor(std::log10(largest)));
    for (double step : {1.0, 2.0, 5.0}) {
        if (largest <= step * power * (1 + 1e-6))
            return step * power;
    }
    return 10 * power;
}

} // namespace patchbay::widgets
