// Small line icons, drawn in the palette's text colour so that they fit light and dark.
#pragma once

#include <QIcon>

class QPalette;

namespace patchbay {

enum class Glyph {
    Run,
    Stop,
    Pause,
    Export,
    Undo,
    Redo,
    Open,
    Close,
    Warning,
    Info,
    Check,
    Pin,
    Previous,
    Next,
    Compare,
    Menu,
    PanelLeft,
    PanelBottom,
    PanelRight
};

QIcon icon(Glyph glyph, const QPalette &palette);
QIcon icon(Glyph glyph, const QColor &colour);

} // namespace patchbay
