// The figures' own font: measured by its design, not by the screen, and cut to the glyphs in use for embedding.
#pragma once

#include <QByteArray>
#include <QFont>
#include <QSet>
#include <QString>
#include <QStringList>
#include <QVector>

namespace patchbay::widgets::figure {

/// "Liberation Sans": same widths as Arial and Helvetica, which stand in where an SVG's reader ignores embedded fonts.
QString fontFamily();
/// For painters; unhinted, size in pixels.
QFont figureFont(int pixels, bool bold);

/// The text with "U+6771" for each character that neither this font nor an outline font of the system has.
QString printable(const QString &text, bool bold);
/// Width in mm of a line of text at a type size.
double textWidth(const QString &text, double points, bool bold = false);
/// Height of capitals, and the distance between baselines, in mm.
double capHeight(double points);
double lineHeight(double points);
/// Lines no wider than width (mm) where the words allow.
QStringList wrapped(const QString &text, double points, bool bold, double width);
/// Shortened with an ellipsis to at most width (mm).
QString elided(const QString &text, double points, bool bold, double width);

struct ShapedGlyph {
    quint32 glyph = 0;
    double advance = 0; ///< in 1/1000 of the type size, kerning included
    QString text;       ///< what it stands for; empty for further glyphs of the same characters
};
/// Glyphs of a run in visual order; glyph 0 where the font has none for it.
QVector<ShapedGlyph> shaped(const QString &text, bool bold);
/// Advance of a glyph by itself, in 1/1000 of the type size.
double glyphAdvance(quint32 glyph, bool bold);
bool hasGlyphs(const QString &text, bool bold);

struct FontNumbers {
    double ascent = 0, descent = 0, capHeight = 0; ///< in 1/1000 of the type size
    int box[4] = {0, 0, 0, 0};
};
FontNumbers fontNumbers(bool bold);

/// The font reduced to some glyphs, which keep their numbers (PDF), or to the glyphs of some characters (SVG, web
/// pages).
QByteArray fontWithGlyphs(const QSet<quint32> &glyphs, bool bold);
QByteArray fontWithCharacters(const QString &text, bool bold);

} // namespace patchbay::widgets::figure
