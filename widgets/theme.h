// Colours of the views in the light and the dark system theme: everything that is not data.
#pragma once

#include <QColor>
#include <QFont>
#include <QPalette>
#include <QString>

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace patchbay::widgets {

/// True where the palette's window is darker than its text.
bool isDark(const QPalette &palette);

/// The one colour that means "selected head" in every view; no data colour has its hue.
QColor selectionColour(const QPalette &palette);

/// The colours a view draws its furniture with.
struct Theme {
    bool dark = false;
    QColor background;                  ///< behind the whole view
    QColor plot;                        ///< behind the data
    QColor text;                        ///< titles, tick labels
    QColor dimText;                     ///< hints, secondary text
    QColor line;                        ///< frames, ticks
    QColor faintLine;                   ///< grid lines, hatching
    QColor hover;                       ///< crosshair
    QColor selection;                   ///< selectionColour()
    QColor casing;                      ///< thin line between the selection and the data under it
    QColor positive, negative, neutral; ///< marks that show a sign without a scale

    static Theme of(const QPalette &palette);
};

/// The fixed colour of a position's role ("IO", "S1", "S1+1", "S2", "END"); grey for any other text.
QColor roleColour(const QString &role, bool dark);

/// The colour of series `index` in scatter plots; repeats after eight.
QColor seriesColour(int index, bool dark);

/// font, scaled to `factor` of its size, never below 7 points.
QFont scaledFont(const QFont &font, double factor);

/// A rounded label in the role's colour. Returns its width; draws nothing when painter is null.
int drawRolePill(QPainter *painter, const QRect &lane, const QString &role, const QFont &font, bool dark);

/// Grey text in the middle of a view that has nothing to show.
void drawEmptyState(QPainter &painter, const QRect &rect, const QString &text, const Theme &theme);

/// The keyboard focus frame, one style for all views.
void drawFocusFrame(QPainter &painter, const QRect &rect, const Theme &theme);

} // namespace patchbay::widgets
