// The place to try a prompt, in the real window: what follows the keys, and the way into the task.
#include "attention_widget.h"
#include "views/attention_pane.h"
#include "views/try_pane.h"
#include "window_fixture.h"

#include <QLabel>
#include <QLineEdit>
#include <QTableWidget>
#include <QToolButton>

using namespace patchbay;
using widgets::HeadId;

class TestTry : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QVERIFY((m_window = m_fixture.openReady())); }

    void tokensAndNextTokensFollowTheKeys()
    {
        m_window->docking().reveal(QStringLiteral("try"));
        QVERIFY(pane().tokens()->isHidden());
        type(pane().clean(), kClean);
        QTRY_COMPARE(trying().trial() ? trying().trial()->question.clean : std::string(), kClean.toStdString());
        const Trial trial = *trying().trial();
        QCOMPARE(pane().tokens()->rowCount(), 1);
        QCOMPARE(pane().tokens()->columnCount(), int(trial.clean.ids.size()));
        QCOMPARE(pane().likeliest()->rowCount(), 10);
        QCOMPARE(pane().likeliest()->item(0, 0)->text(), QStringLiteral("·Lars"));
        QVERIFY(pane().likeliest()->item(0, 1)->text().endsWith(QStringLiteral(" %")));
        QCOMPARE(pane().answer()->placeholderText(), QStringLiteral(" Lars"));
        QVERIFY(pane().summary()->text().startsWith(QStringLiteral("Logit diff ·Lars − ")));
        QVERIFY(!pane().addButton()->isEnabled());
    }

    void theAttentionFollowsAndComesBack()
    {
        auto &attention = m_window->explorer().attention;
        m_window->explorer().navigation.select({HeadId{2, 2}}, {2, 2});
        QTRY_VERIFY(!attention.views().isEmpty() && attention.views().front().head == HeadId(2, 2)
                    && attention.views().front().title.contains(QStringLiteral("tried prompt")));
        QCOMPARE(attention.views().front().size, int(trying().trial()->clean.ids.size()));
        m_window->explorer().navigation.select({HeadId{0, 3}, HeadId{1, 1}}, {1, 1});
        QTRY_VERIFY(attention.views().size() == 2 && attention.views().front().head == HeadId(1, 1));
        attention.setSource(AttentionSource::Flipped);
        QVERIFY(attention.hint().contains(QStringLiteral("no counterpart")));
        attention.setSource(AttentionSource::Clean);
        // Back to the task, and with the next key to the tried prompt again.
        button(m_window->attentionPane(), QStringLiteral("Tried prompt ×"))->click();
        QTRY_VERIFY(!attention.views().isEmpty() && !attention.views().front().title.contains(QStringLiteral("tried")));
        type(pane().flipped(), kLonger);
        QTRY_VERIFY(!attention.views().isEmpty() && attention.views().front().title.contains(QStringLiteral("tried")));
    }

    void unequalLengthsAreShown()
    {
        QTRY_COMPARE(trying().trial()->question.flipped, kLonger.toStdString());
        QCOMPARE(pane().tokens()->rowCount(), 2);
        QCOMPARE(pane().tokens()->columnCount(), int(trying().trial()->flipped->ids.size()));
        QCOMPARE(pane().likeliest()->columnCount(), 4);
        QVERIFY(!pane().addButton()->isEnabled());
        QVERIFY(anyLabel(QStringLiteral("tokens, the clean one")));
        auto &attention = m_window->explorer().attention;
        attention.setSource(AttentionSource::CleanMinusFlipped);
        QVERIFY(attention.hint().contains(QStringLiteral("different numbers of tokens")));
        attention.setSource(AttentionSource::Clean);
    }

    void aPairJoinsTheTask()
    {
        type(pane().flipped(), kFlipped);
        QTRY_VERIFY(pane().addButton()->isEnabled());
        QVERIFY(!anyLabel(QStringLiteral("Not a pair")));
        auto &attention = m_window->explorer().attention;
        attention.setSource(AttentionSource::CleanMinusFlipped);
        QTRY_VERIFY(!attention.views().isEmpty() && attention.views().front().difference);
        attention.setSource(AttentionSource::Clean);
        const double clean = *trying().trial()->clean.logit_diff();
        const int before = setup().batch.prompts;
        // As soon as the other prompts are there; the question may be answered again a moment later.
        bool ofTheTask = false;
        const auto heard = connect(&m_window->explorer().document, &Document::setupChanged, this,
                                   [&] { ofTheTask = attention.tried() == nullptr; });
        pane().addButton()->click();
        QTRY_VERIFY(m_fixture.ready() && setup().batch.prompts == before + 1);
        disconnect(heard);
        QVERIFY(ofTheTask);
        QVERIFY(std::abs(double(setup().baseline.clean.back()) - clean) < 1e-3);
        // What is typed stays, and is asked again.
        QCOMPARE(pane().clean()->text(), kClean);
        QTRY_VERIFY(pane().beginButton()->isEnabled());
        pane().beginButton()->click();
        QTRY_VERIFY(m_fixture.ready() && setup().batch.prompts == 1);
        m_window->actions().undo->trigger();
        QTRY_VERIFY(m_fixture.ready() && setup().batch.prompts == before + 1);
    }

    void aPromptOfTheTaskIsTaken()
    {
        m_window->explorer().navigation.showPrompt(3);
        button(pane(), QStringLiteral("From the task"))->click();
        const PromptPair &pair = setup().pairs[3];
        QCOMPARE(pane().clean()->text().toStdString(), pair.clean);
        QTRY_VERIFY(trying().canRun() && trying().trial()->question.clean == pair.clean);
        QVERIFY(std::abs(*trying().trial()->clean.logit_diff() - double(setup().baseline.clean[3])) < 1e-3);
        QVERIFY(!trying().trial()->found_answer);
        // An emptied prompt ends it.
        type(pane().clean(), {});
        QTRY_VERIFY(!trying().trial() && pane().tokens()->isHidden());
        QVERIFY(!m_window->explorer().attention.tried());
    }

private:
    TryPane &pane() const { return m_window->tryPane(); }
    TryController &trying() const { return m_window->explorer().trying; }
    const Setup &setup() const { return *m_window->explorer().document.setup(); }
    static void type(QLineEdit *edit, const QString &text)
    {
        edit->setFocus();
        edit->selectAll();
        QTest::keyClick(edit, Qt::Key_Delete);
        QTest::keyClicks(edit, text);
    }
    static QToolButton *button(QWidget &parent, const QString &text)
    {
        for (auto *one : parent.findChildren<QToolButton *>())
            if (one->text() == text)
                return one;
        qFatal("there is no button %s", qPrintable(text));
    }
    bool anyLabel(const QString &text) const
    {
        for (const auto *label : pane().findChildren<QLabel *>())
            if (!label->isHidden() && label->text().contains(text))
                return true;
        return false;
    }

    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
    const QString kClean = QStringLiteral("Before Felix and Lars left the church, Felix wrote a long letter to");
    const QString kFlipped = QStringLiteral("Before Felix and Lars left the church, Lars wrote a long letter to");
    const QString kLonger = QStringLiteral("Before Felix and Lars left the church, Lars wrote a long letter today to");
};

QTEST_MAIN(TestTry)
#include "test_try.moc"
