// Heads: the selected ones with their effects, the receiver tray, and the trail of a walk upstream.
#pragma once

#include "controllers/document.h"
#include "controllers/head_roles.h"
#include "controllers/navigation.h"
#include "controllers/path_controller.h"
#include "controllers/runs_store.h"
#include "docks/dock_parts.h"

class QLabel;
class QListWidget;
class QComboBox;
class QPushButton;
class QCheckBox;
class QSpinBox;
class QVBoxLayout;

namespace patchbay {

class HeadsDock : public ScrollColumn {
    Q_OBJECT
public:
    HeadsDock(Document &document, Navigation &navigation, RunsStore &store, PathController &paths, HeadRoles &roles,
              QWidget *parent = nullptr);

protected:
    QSize minimumSizeHint() const override;

private:
    void buildSelection(QVBoxLayout *column);
    void buildReceive(QVBoxLayout *column);
    void buildTray(QVBoxLayout *column);
    void buildTrail(QVBoxLayout *column);
    void refreshSelection();
    void refreshTray();
    void refreshTrail();
    void fitHeight(QListWidget *list, int least, int most);

    Document &m_document;
    Navigation &m_navigation;
    RunsStore &m_store;
    PathController &m_paths;
    HeadRoles &m_roles;
    QListWidget *m_heads = nullptr, *m_tray = nullptr, *m_trail = nullptr;
    QLabel *m_headsHint = nullptr, *m_trayHint = nullptr, *m_trailTitle = nullptr;
    QWidget *m_receive = nullptr;
    QPushButton *m_run = nullptr, *m_walk = nullptr;
    QComboBox *m_walkSite = nullptr;
    QSpinBox *m_walkCount = nullptr;
    QCheckBox *m_live = nullptr;
};

} // namespace patchbay
