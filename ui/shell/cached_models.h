// The menu of what the Hugging Face cache holds: what opens, and what does not with the reason.
#pragma once

#include "backend/backend.h"

#include <QMenu>

namespace patchbay {

class CachedModels : public QMenu {
    Q_OBJECT
public:
    explicit CachedModels(Backend &backend, QWidget *parent = nullptr);
    /// Looks into the cache anew, on another thread; the menu changes when that is done.
    void refresh();

Q_SIGNALS:
    /// NAME, NAME@REVISION or NAME@COMMIT, or a folder.
    void chosen(const QString &model);

private:
    void show(const CacheListing &listing);

    Backend &m_backend;
};

} // namespace patchbay
