// The strongest heads of the run on view, with intervals and their total.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

class QComboBox;
class QSpinBox;
class QTimer;

namespace patchbay {

namespace widgets {
class BarsWidget;
}

class BarsPane : public QWidget {
    Q_OBJECT
public:
    explicit BarsPane(Explorer &explorer, QWidget *parent = nullptr);
    widgets::BarsWidget *bars() const { return m_bars; }

Q_SIGNALS:
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    void attentionRequested();

private:
    void refresh();
    void refreshGrids();

    Explorer &m_explorer;
    widgets::BarsWidget *m_bars;
    QComboBox *m_grid, *m_sign;
    QSpinBox *m_count;
    QTimer *m_refresh;
};

} // namespace patchbay
