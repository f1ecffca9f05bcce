#include "shell/help_menu.h"

#include "patching/session.h"

#include <QAction>
#include <QDesktopServices>
#include <QDialogButtonBox>
#include <QFile>
#include <QHBoxLayout>
#include <QPushButton>
#include <QTextBrowser>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWhatsThis>

#include <algorithm>

namespace patchbay {

namespace {

const QString kPages = QStringLiteral(":/handbook/");

QString plain(QString text)
{
    return text.remove(QLatin1Char('&')).toHtmlEscaped();
}

} // namespace

HandbookDialog::HandbookDialog(QWidget *parent) : QDialog(parent), m_page(new QTextBrowser(this))
{
    setWindowTitle(tr("Patchbay handbook"));
    resize(QSize(820, 640).boundedTo(parent->size()));
    setAttribute(Qt::WA_DeleteOnClose);
    auto *column = new QVBoxLayout(this);
    auto *row = new QHBoxLayout;
    const auto button = [&](const QString &text, void (QTextBrowser::*go)()) {
        auto *one = new QToolButton(this);
        one->setText(text);
        connect(one, &QToolButton::clicked, m_page, go);
        row->addWidget(one);
        return one;
    };
    auto *back = button(tr("Back"), &QTextBrowser::backward), *forward = button(tr("Forward"), &QTextBrowser::forward);
    button(tr("Contents"), &QTextBrowser::home);
    back->setEnabled(false);
    forward->setEnabled(false);
    connect(m_page, &QTextBrowser::backwardAvailable, back, &QWidget::setEnabled);
    connect(m_page, &QTextBrowser::forwardAvailable, forward, &QWidget::setEnabled);
    row->addStretch();
    auto *close = new QPushButton(tr("Close"), this);
    connect(close, &QPushButton::clicked, this, &QDialog::close);
    row->addWidget(close);
    column->addLayout(row);
    column->addWidget(m_page, 1);
    m_page->setAccessibleName(tr("Page of the handbook"));
    m_page->document()->setDocumentMargin(16);
    m_page->setOpenLinks(false);
    connect(m_page, &QTextBrowser::anchorClicked, this, [this](const QUrl &link) {
        if (link.scheme() == QLatin1String("http") || link.scheme() == QLatin1String("https"))
            QDesktopServices::openUrl(link);
        else
            m_page->setSource(link, QTextDocument::MarkdownResource);
    });
}

void HandbookDialog::open(const QString &page)
{
    m_page->setSource(QUrl(QStringLiteral("qrc") + kPages + page), QTextDocument::MarkdownResource);
    show();
    raise();
}

HelpMenu::HelpMenu(QWidget *window) : QMenu(tr("&Help"), window), m_window(window)
{
    const auto add = [&](const QString &name, const QString &text, const QKeySequence &keys, auto &&what) {
        auto *action = new QAction(text, window);
        action->setObjectName(name);
        action->setShortcut(keys);
        window->addAction(action);
        addAction(action);
        connect(action, &QAction::triggered, this, what);
    };
    add(QStringLiteral("handbook"), tr("&Handbook"), QKeySequence::HelpContents,
        [this] { (new HandbookDialog(m_window))->open(QStringLiteral("README.md")); });
    add(QStringLiteral("tour"), tr("&Tour of the window"), {}, &HelpMenu::tourRequested);
    add(QStringLiteral("shortcuts"), tr("&Keyboard shortcuts"), {},
        [this] { showText(QStringLiteral("shortcuts-dialog"), tr("Keyboard shortcuts"), shortcutsHtml(*m_window)); });
    add(QStringLiteral("whats-this"), tr("&What is this?"), QKeySequence::WhatsThis,
        [] { QWhatsThis::enterWhatsThisMode(); });
    addSeparator();
    add(QStringLiteral("about"), tr("&About Patchbay"), {},
        [this] { showText(QStringLiteral("about-dialog"), tr("About Patchbay"), aboutHtml()); });
}

void HelpMenu::showText(const QString &name, const QString &title, const QString &html)
{
    auto *dialog = new QDialog(m_window);
    dialog->setObjectName(name);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->resize(QSize(520, 560).boundedTo(m_window->size()));
    auto *text = new QTextBrowser(dialog);
    text->setHtml(html);
    text->document()->setDocumentMargin(12);
    text->setOpenExternalLinks(true);
    text->setAccessibleName(title);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    auto *column = new QVBoxLayout(dialog);
    column->addWidget(text, 1);
    column->addWidget(buttons);
    dialog->open();
}

QString HelpMenu::shortcutsHtml(const QWidget &window)
{
    QStringList rows;
    for (const QAction *action : window.findChildren<QAction *>())
        if (!action->shortcut().isEmpty() && !action->objectName().isEmpty())
            rows << QStringLiteral("<tr><td>%1</td><td>%2</td></tr>")
                        .arg(plain(action->text()),
                             action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped());
    std::sort(rows.begin(), rows.end());
    for (const auto &[text, keys] :
         {std::pair{tr("Move the selection in a view"), tr("Arrows, Home, End")},
          std::pair{tr("Extend the selection"), tr("Shift with arrows, Shift or Ctrl with a click")},
          std::pair{tr("Show the attention of the current head"), tr("Enter")},
          std::pair{tr("Zoom an attention pattern or a scatter"), tr("Ctrl + wheel")},
          std::pair{tr("Zoom the edge matrix, and the whole again"), tr("wheel, double click")}})
        rows << QStringLiteral("<tr><td>%1</td><td>%2</td></tr>").arg(text, keys);
    return QStringLiteral("<table cellpadding='4' width='100%'>%1</table>").arg(rows.join(QString()));
}

QString HelpMenu::aboutHtml()
{
    return tr("<h3>Patchbay %1</h3>"
              "<p>Finds the attention heads of a language model that do a task, and the heads that they work "
              "through.</p>"
              "<p>Built with Qt %2 (running on %3), LibTorch, QCustomPlot, oneDNN, ICU, Oniguruma, HarfBuzz, libzip, "
              "libcurl, OpenSSL, CLI11 and JSON for Modern C++.</p>"
              "<p>Free software under the <b>GNU General Public License</b>, version 3 or later, without any warranty. "
              "Qt is under the GNU Lesser General Public License 3; QCustomPlot under the GNU General Public "
              "License 3; the fonts in figures, Liberation Sans, under the SIL Open Font License 1.1; the other "
              "libraries under BSD, MIT, curl, Apache and ICU licences.</p>")
        .arg(QString::fromStdString(program_version()).toHtmlEscaped(), QStringLiteral(QT_VERSION_STR),
             QString::fromLatin1(qVersion()));
}

void explainControls(QWidget *window)
{
    for (QWidget *widget : window->findChildren<QWidget *>())
        if (widget->whatsThis().isEmpty() && !widget->toolTip().isEmpty())
            widget->setWhatsThis(widget->toolTip());
    for (QAction *action : window->findChildren<QAction *>())
        if (action->whatsThis().isEmpty() && !action->objectName().isEmpty())
            action->setWhatsThis(action->toolTip());
}

} // namespace patchbay
