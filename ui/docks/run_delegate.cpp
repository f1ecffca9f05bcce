#include "docks/run_delegate.h"

#include "colour_map.h"
#include "controllers/runs_store.h"
#include "shell/icons.h"
#include "theme.h"
#include "view_models.h"

#include <QApplication>
#include <QLineEdit>
#include <QPainter>

namespace patchbay {

namespace {
constexpr int kThumb = 44;
constexpr int kPadding = 8;
} // namespace

QString shortName(const RunEntry &entry)
{
    if (entry.name != QString::fromStdString(title(entry.spec)))
        return entry.name; // the user's own
    const bool sweep = entry.spec.is<ActPatch>(), path = entry.spec.is<PathPatch>();
    if (!sweep && !path)
        return entry.name;
    QString what = entry.name, direction;
    for (const Direction one : {Direction::Denoise, Direction::Noise}) {
        const QString words = QString::fromStdString(in_words(one)), end = QStringLiteral(", ") + words;
        if (what.endsWith(end)) {
            what.chop(end.size());
            direction = words.left(1).toUpper() + words.mid(1) + QLatin1Char(' ');
        }
    }
    if (direction.isEmpty())
        return entry.name; // ablations begin with what they are
    const QString before = sweep ? QStringLiteral(" of ") : QStringLiteral(" to ");
    const qsizetype at = what.indexOf(before);
    return at < 0 ? entry.name : direction + (path ? QStringLiteral("→ ") : QString()) + what.mid(at + before.size());
}

QImage thumbnail(const RunResult &result, const QColor &ground)
{
    const widgets::HeatmapView view = heatmapView(result);
    if (view.facets.isEmpty())
        return {};
    const widgets::HeatmapFacet &facet = view.facets.front();
    const double limit = widgets::colourLimit(view);
    QImage image(facet.columns, facet.rows, QImage::Format_ARGB32_Premultiplied);
    for (int row = 0; row < facet.rows; ++row)
        for (int column = 0; column < facet.columns; ++column)
            image.setPixelColor(
                column, row,
                widgets::colourOn(ground, widgets::ColourMap::RdBu, facet.values[row * facet.columns + column], limit));
    return image;
}

RunDelegate::RunDelegate(RunsStore &store, QObject *parent) : QStyledItemDelegate(parent), m_store(store) { }

QSize RunDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {160, kThumb + 2 * kPadding};
}

void RunDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const RunEntry *entry = m_store.find(index.data(RunsStore::IdRole).toInt());
    if (!entry)
        return;
    const widgets::Theme theme = widgets::Theme::of(option.palette);
    painter->save();
    painter->setRenderHint(QPainter::SmoothPixmapTransform, false); // cells have edges
    if (option.state & QStyle::State_Selected) {
        QColor fill = option.palette.color(QPalette::Highlight);
        fill.setAlpha(theme.dark ? 60 : 34);
        painter->fillRect(option.rect, fill);
        painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()),
                          option.palette.color(QPalette::Highlight));
    } else if (option.state & QStyle::State_MouseOver) {
        painter->fillRect(option.rect, option.palette.color(QPalette::AlternateBase));
    }

    const QRect thumb(option.rect.left() + kPadding + 2, option.rect.top() + kPadding, kThumb, kThumb);
    Thumbnail &kept = m_thumbnails[entry->id];
    if (entry->result && (kept.of != entry->result.get() || kept.ground != theme.background)) {
        kept.of = entry->result.get();
        kept.ground = theme.background;
        kept.image = thumbnail(*entry->result, theme.background);
    }
    painter->fillRect(thumb, option.palette.color(QPalette::Window));
    if (!kept.image.isNull())
        painter->drawImage(thumb, kept.image);
    painter->setPen(option.palette.color(QPalette::Mid));
    painter->drawRect(thumb.adjusted(0, 0, -1, -1));

    QRect text = option.rect.adjusted(kThumb + 2 * kPadding + 4, kPadding, -kPadding, -kPadding);
    if (entry->pinned) {
        icon(Glyph::Pin, theme.dimText).paint(painter, QRect(text.right() - 14, text.top(), 14, 14));
        text.setRight(text.right() - 18);
    }
    const QFontMetrics metrics(option.font);
    painter->setFont(option.font);
    painter->setPen(theme.text);
    // Two lines of name, one of state.
    const QRect nameRect(text.left(), text.top(), text.width(), 2 * metrics.height());
    const int room = nameRect.width() - 2; // what fits to the pixel would be elided all the same
    QString first = shortName(*entry), second;
    if (metrics.horizontalAdvance(first) > room) {
        qsizetype cut = first.size();
        while (cut > 0 && metrics.horizontalAdvance(first.left(cut)) > room)
            cut = first.lastIndexOf(QLatin1Char(' '), cut - 1);
        if (cut > 0) {
            second = first.mid(cut + 1);
            first = first.left(cut);
        }
    }
    painter->drawText(nameRect, Qt::AlignTop | Qt::AlignLeft,
                      metrics.elidedText(first, Qt::ElideRight, nameRect.width()));
    painter->drawText(nameRect.translated(0, metrics.height()), Qt::AlignTop | Qt::AlignLeft,
                      metrics.elidedText(second, Qt::ElideRight, nameRect.width()));
    const QFont small = widgets::scaledFont(option.font, 0.88);
    painter->setFont(small);
    painter->setPen(entry->state == RunState::Failed ? theme.negative : theme.dimText);
    painter->drawText(
        text, Qt::AlignBottom | Qt::AlignLeft,
        QFontMetrics(small).elidedText(index.data(RunsStore::DetailRole).toString(), Qt::ElideRight, text.width()));
    painter->restore();
}

void RunDelegate::updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option, const QModelIndex &) const
{
    editor->setGeometry(option.rect.adjusted(kThumb + 2 * kPadding, 4, -4, -kThumb / 2));
}

} // namespace patchbay
