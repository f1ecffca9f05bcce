// The choices beside the preview: size, type, colours, what is written where. Remembered for each kind of view.
#pragma once

#include "export/figure_subject.h"

#include <QWidget>

QT_BEGIN_NAMESPACE
class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLineEdit;
class QListWidget;
class QPlainTextEdit;
class QSpinBox;
QT_END_NAMESPACE

namespace patchbay {

class FigureOptions : public QWidget {
    Q_OBJECT
public:
    explicit FigureOptions(const FigureSubject &subject, QWidget *parent = nullptr);

    widgets::FigureSpec spec() const;
    /// Puts a spec into the controls; emits changed() once.
    void setSpec(const widgets::FigureSpec &spec);
    /// Titles of the facets that are chosen, where not all are.
    QStringList facetTitles() const;
    /// Stores what is worth keeping for the next figure of this kind: everything but title and caption. Facets are kept
    /// for views that offer the same ones.
    void remember() const;

Q_SIGNALS:
    void changed();

private:
    void buildSize(QFormLayout *form);
    void buildLook(QFormLayout *form);
    void buildContent(QFormLayout *form, const FigureSubject &subject);
    void buildText(QFormLayout *form, const FigureSubject &subject);
    void notify();
    void recallFacets();
    QStringList allFacets() const;

    FigureView m_view;
    bool m_silent = false;
    QComboBox *m_size, *m_map, *m_attention = nullptr, *m_destination = nullptr;
    QDoubleSpinBox *m_width, *m_height, *m_points, *m_limit = nullptr;
    QSpinBox *m_dpi, *m_topLabels = nullptr;
    QCheckBox *m_values = nullptr, *m_showTitle, *m_showCaption;
    QLineEdit *m_title;
    QPlainTextEdit *m_caption;
    QListWidget *m_facets = nullptr;
};

/// The spec last used for this kind of view, or the defaults.
widgets::FigureSpec rememberedSpec(FigureView view);

} // namespace patchbay
