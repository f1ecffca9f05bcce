// Model & task: what is loaded, whether it can be trusted, the task's settings, and the baseline.
#pragma once

#include "controllers/document.h"
#include "docks/dock_parts.h"

#include <QTimer>

class QLabel;
class QComboBox;
class QSpinBox;
class QPushButton;
class QVBoxLayout;

namespace patchbay {

class ModelDock : public ScrollColumn {
    Q_OBJECT
public:
    ModelDock(Document &document, QWidget *parent = nullptr);
    /// The menu of the "Open" button: a folder, recent ones, the demo model.
    void setOpenMenu(QMenu *menu);

    /// With room for the scroll bar: the column is longer than a small screen.
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void promptsRequested();
    void importRequested();

private:
    void buildModel(QVBoxLayout *column);
    void buildTask(QVBoxLayout *column);
    void buildBaseline(QVBoxLayout *column);
    void refresh();
    void refreshTask();
    void refreshBaseline();
    void applyTask();

    Document &m_document;
    QLabel *m_name = nullptr, *m_shape = nullptr, *m_trust = nullptr, *m_taskText = nullptr;
    QPushButton *m_open = nullptr;
    QSpinBox *m_prompts = nullptr, *m_seed = nullptr;
    QLabel *m_typeTitle = nullptr;
    QComboBox *m_type = nullptr, *m_bos = nullptr;
    QWidget *m_generated = nullptr, *m_text = nullptr; ///< controls of generated prompts, of prompts that are text
    QLabel *m_values[2][4] = {};                       ///< [clean, flipped][logit diff, spread, accuracy, rank-0]
    QLabel *m_gap = nullptr;
    QTimer *m_apply = nullptr;
};

} // namespace patchbay
