// Draws a prompt with its changed tokens tinted and its roles marked, and a pair's baseline as two bars.
#pragma once

#include <QStyledItemDelegate>

namespace patchbay {

class PromptsModel;

class PromptDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    PromptDelegate(const PromptsModel &model, QObject *parent = nullptr);
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;

private:
    void paintTokens(QPainter *painter, const QStyleOptionViewItem &option, int row, bool flipped) const;
    void paintBars(QPainter *painter, const QStyleOptionViewItem &option, int row) const;

    const PromptsModel &m_model;
};

} // namespace patchbay
