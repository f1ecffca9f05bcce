#include "colour_map.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace patchbay::widgets {
namespace {

using Stops = std::array<QRgb, 11>;

// ColorBrewer's RdBu and PuOr with eleven classes; the middle is pure white so that "no effect" is the paper's colour.
constexpr Stops rdBuStops{0xff67001f, 0xffb2182b, 0xffd6604d, 0xfff4a582, 0xfffddbc7, 0xffffffff,
                          0xffd1e5f0, 0xff92c5de, 0xff4393c3, 0xff2166ac, 0xff053061};
constexpr Stops puOrStops{0xff7f3b08, 0xffb35806, 0xffe08214, 0xfffdb863, 0xfffee0b6, 0xffffffff,
                          0xffd8daeb, 0xffb2abd2, 0xff8073ac, 0xff542788, 0xff2d004b};
constexpr Stops viridisStops{0xff440154, 0xff482475, 0xff414487, 0xff355f8d, 0xff2a788e, 0xff21918c,
                             0xff22a884, 0xff44bf70, 0xff7ad151, 0xffbddf26, 0xfffde725};

int mixedChannel(int a, int b, double t)
{
    return int(std::lround(a + (b - a) * t));
}

QRgb mixedRgb(QRgb a, QRgb b, double t)
{
    return qRgb(mixedChannel(qRed(a), qRed(b), t), mixedChannel(qGreen(a), qGreen(b), t),
                mixedChannel(qBlue(a), qBlue(b), t));
}

/// t in [0, 1] along the stops.
QRgb alongStops(const Stops &stops, double t)
{
    const double place = std::clamp(t, 0.0, 1.0) * double(stops.size() - 1);
    const auto lower = std::min(size_t(place), stops.size() - 2);
    return mixedRgb(stops[lower], stops[lower + 1], place - double(lower));
}

double linearChannel(int channel)
{
    const double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

} // namespace

QRgb colourAt(ColourMap map, double t)
{
    if (std::isnan(t))
        return 0;
    switch (map) {
    case ColourMap::RdBu:
        return alongStops(rdBuStops, (t + 1) / 2);
    case ColourMap::PuOr:
        return alongStops(puOrStops, (t + 1) / 2);
    case ColourMap::Viridis:
        return alongStops(viridisStops, t);
    }
    return 0;
}

QColor colourOf(ColourMap map, double value, double limit)
{
    return QColor::fromRgba(colourAt(map, value / (limit > 0 ? limit : 1)));
}

namespace {
/// ground → saturated tone → pale tone, strength in [0, 1].
QRgb onDark(QRgb ground, QRgb middle, QRgb strong, double strength)
{
    return strength < 0.55 ? mixedRgb(ground, middle, strength / 0.55)
                           : mixedRgb(middle, strong, (strength - 0.55) / 0.45);
}
} // namespace

QColor colourOn(const QColor &ground, ColourMap map, double value, double limit)
{
    if (ground.lightnessF() >= 0.5 || map == ColourMap::Viridis || std::isnan(value))
        return colourOf(map, value, limit);
    const double t = std::clamp(value / (limit > 0 ? limit : 1), -1.0, 1.0);
    const bool orange = map == ColourMap::PuOr;
    const QRgb middle = t < 0 ? (orange ? 0xffb8701a : 0xffc0392b) : (orange ? 0xff7a63c4 : 0xff2f7fd0);
    const QRgb strong = t < 0 ? (orange ? 0xffffdca8 : 0xffffc2b3) : (orange ? 0xffdcd4ff : 0xffc8ecff);
    return QColor::fromRgba(onDark(ground.rgb(), middle, strong, std::abs(t)));
}

QRgb attentionColour(double weight, bool difference, QColor zero)
{
    if (std::isnan(weight))
        return 0;
    const double t = std::clamp(weight, difference ? -1.0 : 0.0, 1.0);
    if (zero.lightnessF() >= 0.5) {
        // On light grounds: half of RdBu, ending before its darkest tone so that marks on top stay visible.
        const QRgb onWhite = colourAt(ColourMap::RdBu, t * 0.85);
        return zero.rgb() == 0xffffffff ? onWhite : mixedRgb(zero.rgb(), onWhite, std::min(1.0, std::abs(t) * 6));
    }
    // On dark grounds strength is lightness: ground → saturated tone → pale tone.
    const QRgb middle = t < 0 ? 0xffc0392b : 0xff2f7fd0;
    const QRgb strong = t < 0 ? 0xffffc2b3 : 0xffc8ecff;
    return onDark(zero.rgb(), middle, strong, std::abs(t));
}

QColor textOn(QColor background)
{
    const double luminance = 0.2126 * linearChannel(background.red()) + 0.7152 * linearChannel(background.green())
        + 0.0722 * linearChannel(background.blue());
    // Equal contrast with black and white is at sqrt(1.05 · 0.05) − 0.05.
    return luminance > 0.179 ? QColor(Qt::black) : QColor(Qt::white);
}

QColor mixed(QColor a, QColor b, double t)
{
    return QColor(mixedChannel(a.red(), b.red(), t), mixedChannel(a.green(), b.green(), t),
                  mixedChannel(a.blue(), b.blue(), t), mixedChannel(a.alpha(), b.alpha(), t));
}

double largestMagnitude(const HeatmapView &view)
{
    double largest = 0;
    for (const HeatmapFacet &facet : view.facets) {
        for (double value : facet.values) {
            if (std::isfinite(value))
                largest = std::max(largest, std::abs(value));
        }
    }
    return largest;
}

double colourLimit(const HeatmapView &view)
{
    if (view.limit > 0)
        return view.limit;
    const double largest = std::max(largestMagnitude(view), view.floor);
    if (largest <= 0)
        return 1;
    const double power = std::pow(10, std::floor(std::log10(largest)));
    for (double step : {1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}) {
        if (largest <= step * power * (1 + 1e-9))
            return step * power;
    }
    return 10 * power;
}

std::pair<double, double> colourEnds(const HeatmapView &view, ColourMap map, double limit)
{
    if (map == ColourMap::Viridis)
        return {0, limit};
    bool below = false, above = false;
    for (const HeatmapFacet &facet : view.facets) {
        if (facet.states.contains(CellState::Missing))
            return {-limit, limit};
        for (double value : facet.values) {
            below = below || value < 0;
            above = above || value > 0;
        }
    }
    return {below || !above ? -limit : 0, below && !above ? 0 : limit};
}

} // namespace patchbay::widgets
