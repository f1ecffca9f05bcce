// How far one step of a zoom goes, alike in every view.
#pragma once

#include <QWheelEvent>

#include <cmath>

namespace patchbay::widgets {

inline constexpr double zoomStep = 1.2; ///< of a wheel's notch or a key

/// Above 1: nearer.
inline double zoomOf(const QWheelEvent &event)
{
    return std::pow(zoomStep, event.angleDelta().y() / 120.0);
}

} // namespace patchbay::widgets
