// Attention behind a page's pictures of heads: what a reader sees who clicks one.
#pragma once

#include "project/contents.h"

#include <QMap>
#include <QStringList>
#include <QVector>

namespace patchbay {

/// Of one model on some clean prompts of one task.
struct ReaderAttention {
    struct Prompt {
        QString name;       ///< "Prompt 3"
        QStringList tokens; ///< up to END: rows (destinations) and columns (sources)
    };
    QVector<Prompt> prompts;
    /// By head ("3.1"), for each prompt [tokens, tokens] in 255ths; empty where it is not known.
    QMap<QString, QVector<QByteArray>> heads;
    bool isEmpty() const { return heads.isEmpty(); }
};

/// For runs of this model and task: the patterns that runs of the project hold, and where the model is here and the
/// page stays small, those of all heads on the first prompts, computed now. Empty where there are none.
ReaderAttention attentionForReader(const ProjectContents &contents, const RunSpec &of);

} // namespace patchbay
