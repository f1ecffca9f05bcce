// Which fields each value has that crosses to another process, said once: messages both ways follow from it. Those of
// specs are in spec/fields.h.
#pragma once

#include "hub/download.h"
#include "hub/listing.h"
#include "requests/request.h"
#include "spec/fields.h"

#include <nlohmann/json.hpp>

namespace patchbay::remote {

// visit(key, field) for each field, in the order in which they are written; the key is the field's name. The value may
// be const; then so are the fields. A field that is missing here is one that the other side does not get: the round
// trips of tests/core/test_messages.cpp find it. Values that cross as something else than their fields: values.h.

#define PATCHBAY_FIELD(name) visit(#name, v.name);
#define PATCHBAY_FIELDS(Type, ...)                                                                                     \
    template <Is<Type> Value, class Visit>                                                                             \
    void visit_fields(Value &v, Visit &&visit)                                                                         \
    {                                                                                                                  \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(PATCHBAY_FIELD, __VA_ARGS__))                                         \
    }
#define PATCHBAY_NO_FIELDS(Type)                                                                                       \
    template <Is<Type> Value, class Visit>                                                                             \
    void visit_fields(Value &, Visit &&)                                                                               \
    {                                                                                                                  \
    }

// Requests.

PATCHBAY_FIELDS(SetUpRequest, model, task)
PATCHBAY_FIELDS(RunRequest, spec, resume, soon, estimates)
PATCHBAY_FIELDS(AttentionRequest, wanted)
PATCHBAY_FIELDS(PatchedAttentionRequest, head, spec, patched)
PATCHBAY_FIELDS(TryRequest, question)
PATCHBAY_FIELDS(IntervalsRequest, result)
PATCHBAY_FIELDS(StabilityRequest, result)
PATCHBAY_FIELDS(BeginRecipeRequest, recipe, model, task, known)
PATCHBAY_FIELDS(EditStepRequest, step, body)
PATCHBAY_FIELDS(SkipStepRequest, step)
PATCHBAY_FIELDS(ForgetStepRequest, step)
PATCHBAY_FIELDS(SaveRecipeRequest, folder)
PATCHBAY_FIELDS(RunStepRequest, step, after)
PATCHBAY_NO_FIELDS(ListCacheRequest)
PATCHBAY_FIELDS(PlanDownloadRequest, name)
PATCHBAY_FIELDS(ListRevisionsRequest, model)
PATCHBAY_FIELDS(DownloadRequest, plan)
PATCHBAY_FIELDS(OpenSeriesRequest, folder, known)
PATCHBAY_FIELDS(BeginSeriesRequest, plan, folder)
PATCHBAY_FIELDS(SeriesStepRequest, known)
PATCHBAY_NO_FIELDS(EndSeriesRequest)
PATCHBAY_FIELDS(MeasureSeriesRequest, series, options)

// Events.

PATCHBAY_FIELDS(Started, result)
PATCHBAY_FIELDS(Cells, grid, state, cells, per_prompt, estimates, flops, seconds)
PATCHBAY_FIELDS(Progress, done, total, what, work_left)
PATCHBAY_FIELDS(Done, reply)
PATCHBAY_FIELDS(Failed, subject, cause, next_step)
PATCHBAY_FIELDS(RunEnd, complete, seconds, arrays, summary, keeps_ends)

// Runs and their results.

PATCHBAY_FIELDS(Baseline, metric, clean, flipped, clean_rank0, flipped_rank0, clean_mean, flipped_mean, accuracy_clean,
                accuracy_flipped, rank0_clean, rank0_flipped, least_gap)
/// All but the values of its cells, of which only those that are there cross.
PATCHBAY_FIELDS(Grid, name, axes, shape, prompts, estimate, state, direction, flops)
PATCHBAY_FIELDS(RunResult, spec, baseline, grids, arrays, summary, model_sha256, version, arithmetic, computed_on,
                seconds, first_exact_seconds, flops, complete, keeps_ends)
PATCHBAY_FIELDS(Stability, top, samples, among_top, best_rank, worst_rank, split_half)
PATCHBAY_FIELDS(Node, site, layer, head)
PATCHBAY_FIELDS(AttentionOf, head, flipped, kind)
PATCHBAY_FIELDS(AttentionPattern, head, sizes, weights)

// A model with a task.

PATCHBAY_FIELDS(RotaryScaling, type, factor, low_freq_factor, high_freq_factor, original_ctx, amplitude, truncated,
                short_factors, long_factors)
PATCHBAY_FIELDS(LayerTraits, window, rotary, rotary_base)
PATCHBAY_FIELDS(ModelConfig, family, n_layers, n_heads, n_kv_heads, d_model, d_head, d_mlp, d_vocab, n_ctx, norm, eps,
                activation, gated_mlp, parallel, attn_only, mid_norm, final_rms, rotary_dim, rotary_base,
                rotary_scaling, rotary_interleaved, tied_embedding, pre_norms, post_norms, qk_norm, clip_qkv,
                attention_scale, score_cap, logit_cap, alibi, alibi_scale, alibi_bf16, layer_traits)
template <Is<Processing> Value, class Visit>
void visit_fields(Value &v, Visit &&visit)
{
    for (const ProcessingStep &step : processing_steps)
        visit(step.name, v.*step.on);
}
PATCHBAY_FIELDS(TrustCheck, name, passed, found)
PATCHBAY_FIELDS(TrustReport, path, commit, architecture, config, processing, ignored_keys, parameters, source_dtype,
                kept_dtype, rounded, sha256, max_logprob_change, non_finite, tokenizer, checks, load_seconds, hazards)
PATCHBAY_FIELDS(PromptPair, clean, flipped, answer, wrong, clean_ids, flipped_ids, answer_id, wrong_id, more_answers,
                more_wrongs, more_answer_ids, more_wrong_ids, roles, given_roles, template_index, excluded, problem)
PATCHBAY_FIELDS(PromptBatch, prompts, width, clean, flipped, end, io, s, answers, wrongs, roles, tokens, flipped_tokens,
                notes)
PATCHBAY_FIELDS(Setup, model_ref, task_ref, trust, pairs, clean_tokens, flipped_tokens, batch_pairs, task_notes, batch,
                baseline, groups_note, arithmetic, no_prompts)

// A prompt that somebody types.

PATCHBAY_FIELDS(TrialQuestion, clean, flipped, answer, wrong, bos, likeliest, heads)
PATCHBAY_FIELDS(NextToken, id, text, logit, probability, rank)
PATCHBAY_FIELDS(TriedText, ids, tokens, problem, likeliest, answer, wrong, attention)
PATCHBAY_FIELDS(Trial, question, clean, flipped, found_answer, found_wrong, pair)

// Recipes.

PATCHBAY_FIELDS(Evidence, quantity, unit, value, low, high)
PATCHBAY_FIELDS(SelectedHead, head, evidence)
PATCHBAY_FIELDS(StepOutcome, state, message, caption, result, heads, seconds, kept)

// The Hugging Face cache and hub.

PATCHBAY_FIELDS(HubName, model, revision)
PATCHBAY_FIELDS(CachedSnapshot, commit, revisions, reference, folder, family, bytes, problem)
PATCHBAY_FIELDS(CachedModel, name, snapshots, bytes, problem)
PATCHBAY_FIELDS(CacheListing, folder, models)
PATCHBAY_FIELDS(HubFile, name, url, size, etag, present, complete)
PATCHBAY_FIELDS(DownloadPlan, name, commit, cached, files, family, problem)

// Series.

PATCHBAY_FIELDS(SeriesStep, name, model, task)
PATCHBAY_FIELDS(SeriesPlan, spec, recipe, model, task, steps, download)
PATCHBAY_FIELDS(SeriesPart, id, title)
PATCHBAY_FIELDS(SeriesStepResult, name, model, task, state, reason, sha256, number, parts)
PATCHBAY_FIELDS(SeriesResults, title, parts, steps, numbered, side_by_side, largest)
PATCHBAY_FIELDS(MeasureOptions, part, quantity, raw, threshold, top, reference)
PATCHBAY_FIELDS(HeadsOverSteps::Step, values, half_width, blank)
PATCHBAY_FIELDS(HeadsOverSteps, quantity, words, unit, effect, raw, layers, heads, steps)
PATCHBAY_FIELDS(BaselineAtStep, clean, flipped, clean_half, flipped_half, accuracy, small)
PATCHBAY_FIELDS(Likeness, top, weighted, top_before, weighted_before)
PATCHBAY_FIELDS(RoleAtStep, head, role)
PATCHBAY_FIELDS(SeriesMeasures, options, heads, baselines, first, alike, roles)

#undef PATCHBAY_FIELDS
#undef PATCHBAY_NO_FIELDS
#undef PATCHBAY_FIELD

} // namespace patchbay::remote
