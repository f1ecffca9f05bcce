// One run in the list: thumbnail of its first grid, name, time and state.
#pragma once

#include "patching/run_result.h"

#include <QHash>
#include <QPixmap>
#include <QStyledItemDelegate>

namespace patchbay {

class RunsStore;

class RunDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit RunDelegate(RunsStore &store, QObject *parent = nullptr);
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    void updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option,
                              const QModelIndex &index) const override;

private:
    RunsStore &m_store;
    struct Thumbnail {
        const RunResult *of = nullptr;
        QImage image;
    };
    mutable QHash<int, Thumbnail> m_thumbnails;
};

/// A run's first layer × head grid, one pixel a cell; missing cells are transparent.
QImage thumbnail(const RunResult &result);

} // namespace patchbay
