// A table with a title: sorted by a click on a column, rows about heads select them.
#pragma once

#include "views.h"

#include <QWidget>

class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace patchbay::widgets {

class TableModel;

/// What a column is sorted by: heads by layer and head, texts that begin with a number by that number, others by text.
/// Numbers come before texts.
bool comesBefore(const QString &a, const QString &b);

class TableWidget : public QWidget {
    Q_OBJECT
public:
    explicit TableWidget(QWidget *parent = nullptr);
    ~TableWidget() override;

    /// Keeps order, place and selection while the columns stay the same: may be called while a run goes on.
    void setView(const TableView &view);
    const TableView &view() const { return m_view; }
    void setEmptyText(const QString &text); ///< while there are no rows

    QVector<HeadId> selection() const { return m_selected; }
    void setSelection(const QVector<HeadId> &heads); ///< emits nothing
    QTableView *table() const { return m_table; }
    /// The row of the view that the keyboard is at; -1: none.
    int currentRow() const;
    /// The texts of a row in the order that is shown.
    QStringList shownRow(int row) const;
    /// Sorts by a column, as a click on its title does.
    void sortBy(int column, Qt::SortOrder order);

Q_SIGNALS:
    void selectionChanged(const QVector<patchbay::widgets::HeadId> &heads); ///< by the user only
    void rowChanged(int row);                                               ///< the current one, counted as in the view
    void hovered(patchbay::widgets::HeadId head);
    void activated(patchbay::widgets::HeadId head); ///< Enter or double click
    void contextMenuRequested(patchbay::widgets::HeadId head, const QPoint &globalPosition);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    HeadId headOf(int shownRow) const;
    void takeSelection();
    void fitColumns();

    TableView m_view;
    QVector<HeadId> m_selected;
    QLabel *m_title, *m_empty;
    QTableView *m_table;
    TableModel *m_model;
    QSortFilterProxyModel *m_sorted;
    bool m_setting = false; ///< the selection is not the user's
};

} // namespace patchbay::widgets
