// Attention of the selected heads: thumbnails, one pattern as matrix or as text, and what of it is shown.
#pragma once

#include "controllers/explorer.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QSpinBox;
class QStackedWidget;
class QToolButton;

namespace patchbay {

namespace widgets {
class AttentionTextWidget;
class AttentionThumbnails;
class AttentionWidget;
} // namespace widgets

class AttentionPane : public QWidget {
    Q_OBJECT
public:
    explicit AttentionPane(Explorer &explorer, QWidget *parent = nullptr);

    widgets::AttentionWidget *matrix() const { return m_matrix; }
    widgets::AttentionTextWidget *text() const { return m_text; }
    widgets::AttentionThumbnails *thumbnails() const { return m_thumbnails; }
    void showText(bool on);

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *buildOptions();
    /// Smaller ones in a narrow pane.
    void fitThumbnails();
    void refresh();
    void refreshOptions();

    Explorer &m_explorer;
    widgets::AttentionThumbnails *m_thumbnails;
    widgets::AttentionWidget *m_matrix;
    widgets::AttentionTextWidget *m_text;
    QStackedWidget *m_stack;
    QComboBox *m_source = nullptr;
    QToolButton *m_asText = nullptr, *m_byRole = nullptr, *m_valueWeighted = nullptr, *m_tried = nullptr;
    QSpinBox *m_prompt = nullptr;
};

} // namespace patchbay
