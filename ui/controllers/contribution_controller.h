// Attention against contribution of the current head, one point a prompt: does it move the name that it looks at?
#pragma once

#include "controllers/document.h"
#include "controllers/navigation.h"
#include "views.h"

#include <QObject>

namespace patchbay {

class ContributionController : public QObject {
    Q_OBJECT
public:
    ContributionController(Backend &backend, Document &document, Navigation &navigation, QObject *parent = nullptr);

    /// Computes only while somebody looks.
    void setActive(bool active);
    bool active() const { return m_active; }
    const widgets::ScatterView &view() const { return m_view; }

Q_SIGNALS:
    void viewChanged();
    void failed(const patchbay::Failure &failure);

private:
    void refresh();

    Backend &m_backend;
    Document &m_document;
    Navigation &m_navigation;
    bool m_active = false;
    widgets::ScatterView m_view;
};

} // namespace patchbay
