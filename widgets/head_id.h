// The widgets' own idea of a head: they know nothing of core.
#pragma once

#include <QMetaType>
#include <QString>

#include <compare>

namespace patchbay::widgets {

/// A head (layer, head), or a whole layer when head is -1.
struct HeadId {
    int layer = -1;
    int head = -1;
    auto operator<=>(const HeadId &) const = default;
    bool valid() const { return layer >= 0; }
};

/// "L9H6", or "L9" for a layer.
QString label(HeadId id);

} // namespace patchbay::widgets

Q_DECLARE_METATYPE(patchbay::widgets::HeadId)
