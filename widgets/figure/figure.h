// A figure for a paper: what to draw, at which size, and the file formats it can be had in.
#pragma once

#include "views.h"

#include <QByteArray>
#include <QJsonObject>
#include <QSizeF>

#include <stdexcept>
#include <variant>

QT_BEGIN_NAMESPACE
class QPainter;
class QRectF;
QT_END_NAMESPACE

namespace patchbay::widgets {

using FigureContent = std::variant<HeatmapView, AttentionView, ScatterView, BarsView, TableView, GraphView, LinesView,
                                   EdgeGraphView>;

/// How a figure looks. The same spec and content give the same bytes, whoever draws.
struct FigureSpec {
    enum class Attention { Matrix, Text };

    double width = 85; ///< mm; 85 is one column, 174 both
    double height = 0; ///< mm; 0: as the content needs
    double points = 8; ///< type size, 7 to 9 in papers
    ColourMap colourMap = ColourMap::RdBu;
    double limit = 0;    ///< colours run from -limit to limit; 0: from the data
    bool values = false; ///< numbers in cells and at bars
    int topLabels = -1;  ///< how many of the strongest heads are named; -1: 8 in scatters, none in heatmaps
    bool showTitle = true;
    QString title; ///< instead of the view's own
    bool showCaption = false;
    QString caption;     ///< drawn below when shown
    QVector<int> facets; ///< of heatmaps, in this order; empty: all
    Attention attention = Attention::Matrix;
    int destination = -1; ///< whose attention the text form shows; -1: the last token
    int dpi = 600;        ///< of PNG

    QJsonObject toJson() const;
    /// Unknown keys are ignored, missing ones keep their defaults, numbers are brought into range.
    static FigureSpec fromJson(const QJsonObject &json);
    bool operator==(const FigureSpec &) const = default;
};

/// One or several views on a sheet. Several are lettered a, b, c; heatmaps of one unit share a colour scale; plots line
/// up.
struct FigureSheet {
    FigureSpec spec;
    QVector<FigureContent> panels;
    int columns = 0; ///< panels side by side; 0: one up to 120 mm, two on wider sheets
};

/// What is written into the file beside the drawing.
struct FigureMetadata {
    QString title, caption;
    QByteArray runSpec; ///< JSON: a RunSpec, or a list of them
    QString version;    ///< "Patchbay 0.1.0"
    QString modelSha256;
};

/// What went wrong with a file, in words a user can act on: names the file and the cause.
class FigureError : public std::runtime_error {
public:
    FigureError(const QString &path, const QString &cause)
        : std::runtime_error(QStringLiteral("%1: %2").arg(path, cause).toStdString()), m_cause(cause)
    {
    }
    QString cause() const { return m_cause; }

private:
    QString m_cause;
};

/// a, b … z, aa, ab …: the letter of a panel, also of the files beside a sheet.
QString panelLetter(int index);

/// Size in mm.
QSizeF figureSize(const FigureSheet &sheet);
/// Draws into a rectangle of the painter (its coordinates), scaled to the rectangle's width: previews, and pages of a
/// report.
void paintFigure(QPainter &painter, const FigureSheet &sheet, const QRectF &target);

QByteArray figurePdf(const FigureSheet &sheet, const FigureMetadata &metadata = {});
QByteArray figureSvg(const FigureSheet &sheet, const FigureMetadata &metadata = {});
QByteArray figurePng(const FigureSheet &sheet, const FigureMetadata &metadata = {});
/// An <svg> element to stand inside an HTML page: no XML declaration, no embedded font (the page names the family
/// once).
QString figureInlineSvg(const FigureSheet &sheet);
/// CSS that gives a page of inline figures their font: @font-face with the glyphs of these texts, regular and bold.
QByteArray figureFontFaces(const QString &regularText, const QString &boldText);
/// The same for the texts of these figures.
QByteArray figureFontFaces(const QVector<FigureSheet> &sheets);

/// Writes .pdf, .svg or .png whole or not at all: an earlier file stays as it was when anything fails. Throws
/// FigureError.
void writeFigure(const QString &path, const FigureSheet &sheet, const FigureMetadata &metadata);
/// The RunSpec JSON that writeFigure put into a PDF, SVG or PNG. Throws FigureError when the file has none.
QByteArray readEmbeddedSpec(const QString &path);

} // namespace patchbay::widgets
