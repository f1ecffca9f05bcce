#include "figure_font.h"

#include "scene.h"

#include <QFile>
#include <QFontDatabase>
#include <QFontMetricsF>
#include <QHash>
#include <QPainterPath>

#include <hb-ot.h>
#include <hb-subset.h>
#include <hb.h>

#include <array>
#include <memory>

namespace patchbay::widgets::figure {

namespace {

/// The file, as Qt and as harfbuzz know it.
struct LoadedFont {
    QByteArray bytes;
    hb_face_t *face = nullptr;
    hb_font_t *font = nullptr;
    double perThousand = 1; ///< 1000 / units per em

    explicit LoadedFont(const QString &path)
    {
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly))
            qFatal("the figures' font is missing from the program: %s", qPrintable(path));
        bytes = file.readAll();
        hb_blob_t *blob =
            hb_blob_create(bytes.constData(), unsigned(bytes.size()), HB_MEMORY_MODE_READONLY, nullptr, nullptr);
        face = hb_face_create(blob, 0);
        hb_blob_destroy(blob);
        font = hb_font_create(face);
        perThousand = 1000.0 / hb_face_get_upem(face);
    }
};

/// Kept for the life of the program: every text of every figure needs them.
const LoadedFont &loaded(bool bold)
{
    static const LoadedFont regular(QStringLiteral(":/fonts/LiberationSans-Regular.ttf"));
    static const LoadedFont heavy(QStringLiteral(":/fonts/LiberationSans-Bold.ttf"));
    return bold ? heavy : regular;
}

void registerWithQt()
{
    static const bool done = [] {
        for (const bool bold : {false, true})
            QFontDatabase::addApplicationFontFromData(loaded(bold).bytes);
        return true;
    }();
    Q_UNUSED(done);
}

QByteArray subset(bool bold, bool keepGlyphNumbers, const std::function<void(hb_subset_input_t *)> &choose)
{
    hb_subset_input_t *input = hb_subset_input_create_or_fail();
    if (!input)
        throw std::bad_alloc();
    unsigned flags = HB_SUBSET_FLAGS_NO_HINTING;
    if (keepGlyphNumbers)
        flags |= HB_SUBSET_FLAGS_RETAIN_GIDS;
    hb_subset_input_set_flags(input, flags);
    // Kerning stays for SVG readers; other layout tables are of no use in a subset of plain text.
    choose(input);
    hb_face_t *face = hb_subset_or_fail(loaded(bold).face, input);
    hb_subset_input_destroy(input);
    if (!face)
        throw std::runtime_error("the figures' font could not be reduced to the characters in use");
    hb_blob_t *blob = hb_face_reference_blob(face);
    unsigned length = 0;
    const char *data = hb_blob_get_data(blob, &length);
    QByteArray bytes(data, qsizetype(length));
    hb_blob_destroy(blob);
    hb_face_destroy(face);
    return bytes;
}

} // namespace

QString fontFamily()
{
    return QStringLiteral("Liberation Sans");
}

QFont figureFont(int pixels, bool bold)
{
    registerWithQt();
    QFont font(fontFamily());
    font.setPixelSize(pixels);
    font.setBold(bold);
    font.setHintingPreference(QFont::PreferNoHinting);
    font.setStyleStrategy(QFont::StyleStrategy(QFont::PreferAntialias | QFont::NoSubpixelAntialias));
    return font;
}

QVector<ShapedGlyph> shaped(const QString &text, bool bold)
{
    const LoadedFont &font = loaded(bold);
    hb_buffer_t *buffer = hb_buffer_create();
    hb_buffer_add_utf16(buffer, reinterpret_cast<const uint16_t *>(text.utf16()), int(text.size()), 0,
                        int(text.size()));
    hb_buffer_guess_segment_properties(buffer);
    // One glyph a character, so that a reader's search finds what was written.
    constexpr std::array<hb_feature_t, 2> features{
        {{HB_TAG('l', 'i', 'g', 'a'), 0, HB_FEATURE_GLOBAL_START, HB_FEATURE_GLOBAL_END},
         {HB_TAG('c', 'l', 'i', 'g'), 0, HB_FEATURE_GLOBAL_START, HB_FEATURE_GLOBAL_END}}};
    hb_shape(font.font, buffer, features.data(), unsigned(features.size()));
    unsigned count = 0;
    const hb_glyph_info_t *infos = hb_buffer_get_glyph_infos(buffer, &count);
    const hb_glyph_position_t *positions = hb_buffer_get_glyph_positions(buffer, &count);
    const bool backward = HB_DIRECTION_IS_BACKWARD(hb_buffer_get_direction(buffer));
    QVector<ShapedGlyph> glyphs;
    for (unsigned i = 0; i < count; ++i) {
        const unsigned from = infos[i].cluster;
        const bool first = i == 0 || infos[i - 1].cluster != from;
        unsigned to = unsigned(text.size());
        if (backward) {
            for (unsigned j = i; j-- > 0;)
                if (infos[j].cluster != from) {
                    to = infos[j].cluster;
                    break;
                }
        } else {
            for (unsigned j = i + 1; j < count; ++j)
                if (infos[j].cluster != from) {
                    to = infos[j].cluster;
                    break;
                }
        }
        glyphs << ShapedGlyph{infos[i].codepoint, positions[i].x_advance * font.perThousand,
                              first ? text.mid(from, to - from) : QString()};
    }
    hb_buffer_destroy(buffer);
    return glyphs;
}

bool hasGlyphs(const QString &text, bool bold)
{
    for (const uint character : text.toUcs4()) {
        hb_codepoint_t glyph = 0;
        if (!hb_font_get_nominal_glyph(loaded(bold).font, character, &glyph))
            return false;
    }
    return true;
}

namespace {

/// Whether a font of the system has an outline for a character: pictures in colour and empty boxes cannot be printed.
bool hasOutline(char32_t character)
{
    static QHash<char32_t, bool> known;
    const auto found = known.constFind(character);
    if (found != known.cend())
        return *found;
    const QFont font = figureFont(100, false);
    QPainterPath path;
    path.addText(0, 0, font, QString::fromUcs4(&character, 1));
    const bool drawn = QFontMetricsF(font).inFontUcs4(character) && !path.isEmpty();
    known.insert(character, drawn);
    return drawn;
}

/// Joiners, variation selectors and the like: nothing is drawn for them.
bool isInvisible(char32_t character)
{
    const QChar::Category category = QChar::category(character);
    return category == QChar::Other_Format || category == QChar::Mark_NonSpacing || category == QChar::Mark_Enclosing
        || QChar::isSpace(character);
}

} // namespace

QString printable(const QString &text, bool bold)
{
    if (hasGlyphs(text, bold))
        return text;
    QString shown;
    for (const uint character : text.toUcs4()) {
        const auto c = char32_t(character);
        hb_codepoint_t glyph = 0;
        if (hb_font_get_nominal_glyph(loaded(bold).font, character, &glyph) || isInvisible(c) || hasOutline(c))
            shown += QString::fromUcs4(&c, 1);
        else
            shown += QStringLiteral("U+%1").arg(QString::number(character, 16).toUpper(), 4, QLatin1Char('0'));
    }
    return shown;
}

double glyphAdvance(quint32 glyph, bool bold)
{
    return hb_font_get_glyph_h_advance(loaded(bold).font, glyph) * loaded(bold).perThousand;
}

double textWidth(const QString &written, double points, bool bold)
{
    const QString text = printable(written, bold);
    if (!hasGlyphs(text, bold)) // other scripts come from the system's fonts
        return QFontMetricsF(figureFont(1000, bold)).horizontalAdvance(text) / 1000 * points * mmPerPoint;
    double sum = 0;
    for (const ShapedGlyph &glyph : shaped(text, bold))
        sum += glyph.advance;
    return sum / 1000 * points * mmPerPoint;
}

double capHeight(double points)
{
    return 0.729 * points * mmPerPoint;
}

double lineHeight(double points)
{
    return 1.2 * points * mmPerPoint;
}

QStringList wrapped(const QString &text, double points, bool bold, double width)
{
    QStringList lines;
    for (const QString &paragraph : text.split(QLatin1Char('\n'))) {
        QStringList words;
        for (const QString &word : paragraph.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
            if (word.startsWith(QLatin1Char('%')) && !words.isEmpty())
                words.back() += QLatin1Char(' ') + word; // the sign stays with its number
            else
                words << word;
        }
        QString line;
        for (const QString &word : std::as_const(words)) {
            const QString longer = line.isEmpty() ? word : line + QLatin1Char(' ') + word;
            if (!line.isEmpty() && textWidth(longer, points, bold) > width) {
                lines << line;
                line = word;
            } else {
                line = longer;
            }
        }
        lines << line;
    }
    return lines;
}

QString elided(const QString &text, double points, bool bold, double width)
{
    if (textWidth(text, points, bold) <= width)
        return text;
    QString shorter = text;
    while (shorter.size() > 1 && textWidth(shorter + QChar(0x2026), points, bold) > width)
        shorter.chop(shorter.back().isLowSurrogate() ? 2 : 1); // never half a character
    return shorter + QChar(0x2026);
}

FontNumbers fontNumbers(bool bold)
{
    const LoadedFont &font = loaded(bold);
    FontNumbers numbers;
    const auto metric = [&](hb_ot_metrics_tag_t tag) {
        hb_position_t value = 0;
        hb_ot_metrics_get_position_with_fallback(font.font, tag, &value);
        return value * font.perThousand;
    };
    numbers.ascent = metric(HB_OT_METRICS_TAG_HORIZONTAL_ASCENDER);
    numbers.descent = metric(HB_OT_METRICS_TAG_HORIZONTAL_DESCENDER);
    numbers.capHeight = metric(HB_OT_METRICS_TAG_CAP_HEIGHT);
    hb_blob_t *head = hb_face_reference_table(font.face, HB_TAG('h', 'e', 'a', 'd'));
    unsigned length = 0;
    const auto *data = reinterpret_cast<const uchar *>(hb_blob_get_data(head, &length));
    for (int i = 0; i < 4 && length >= 44; ++i) // xMin, yMin, xMax, yMax
        numbers.box[i] = int(qint16(data[36 + 2 * i] << 8 | data[37 + 2 * i]) * font.perThousand);
    hb_blob_destroy(head);
    return numbers;
}

QByteArray fontWithGlyphs(const QSet<quint32> &glyphs, bool bold)
{
    return subset(bold, true, [&](hb_subset_input_t *input) {
        for (const quint32 glyph : glyphs)
            hb_set_add(hb_subset_input_glyph_set(input), glyph);
        // A PDF names glyphs by number and places them itself.
        for (const hb_tag_t tag : {HB_TAG('G', 'S', 'U', 'B'), HB_TAG('G', 'P', 'O', 'S'), HB_TAG('G', 'D', 'E', 'F'),
                                   HB_TAG('k', 'e', 'r', 'n')})
            hb_set_add(hb_subset_input_set(input, HB_SUBSET_SETS_DROP_TABLE_TAG), tag);
    });
}

QByteArray fontWithCharacters(const QString &text, bool bold)
{
    return subset(bold, false, [&](hb_subset_input_t *input) {
        for (const uint character : text.toUcs4())
            hb_set_add(hb_subset_input_unicode_set(input), character);
    });
}

} // namespace patchbay::widgets::figure
