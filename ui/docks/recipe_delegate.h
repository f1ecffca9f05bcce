// One step in the checklist: the icon of its state, its title, and what it found under it.
#pragma once

#include <QStyledItemDelegate>

namespace patchbay {

class RecipeDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace patchbay
