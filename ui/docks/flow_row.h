// Controls side by side, on as many rows as their width takes: a dock is never wider than its widest control.
#pragma once

#include <QLayout>
#include <QVector>

namespace patchbay {

class FlowRow : public QLayout {
public:
    explicit FlowRow(QWidget *parent = nullptr) : QLayout(parent) { }
    ~FlowRow() override;

    void addItem(QLayoutItem *item) override { m_items << item; }
    int count() const override { return int(m_items.size()); }
    QLayoutItem *itemAt(int index) const override { return m_items.value(index); }
    QLayoutItem *takeAt(int index) override;
    Qt::Orientations expandingDirections() const override { return {}; }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;    ///< on one row
    QSize minimumSize() const override; ///< the widest control, on one row
    void setGeometry(const QRect &rect) override;

private:
    /// Lays out in a rectangle, or only measures; returns the height. Controls that may grow share what is left of a
    /// row.
    int place(const QRect &rect, bool move) const;
    void placeRow(const QVector<QLayoutItem *> &row, const QRect &rect) const;

    QVector<QLayoutItem *> m_items;
};

} // namespace patchbay
