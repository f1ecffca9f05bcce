// One run in the list: thumbnail of its first grid, name, time and state.
#pragma once

#include "patching/run_result.h"

#include <QColor>
#include <QHash>
#include <QPixmap>
#include <QStyledItemDelegate>

namespace patchbay {

class RunsStore;
struct RunEntry;

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
        QColor ground;
    };
    mutable QHash<int, Thumbnail> m_thumbnails;
};

/// What tells a run from others, first: "Noising → q of L9H6", "Denoising z, pattern"; the name that a user gave stays.
QString shortName(const RunEntry &entry);
/// A run's first layer × head grid, one pixel a cell; missing cells are transparent.
QImage thumbnail(const RunResult &result, const QColor &ground = Qt::white);

} // namespace patchbay
