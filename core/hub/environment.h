// What the environment says about the Hugging Face hub, read as Python's huggingface_hub reads it.
#pragma once

#include <filesystem>
#include <string>

namespace patchbay {

/// The folder with models--ORG--NAME: HF_HUB_CACHE, or hub in HF_HOME, in XDG_CACHE_HOME/huggingface or in
/// ~/.cache/huggingface. It need not exist.
std::filesystem::path hub_cache();

/// HF_ENDPOINT, or https://huggingface.co; no slash at the end. Throws Error where it is no address.
std::string hub_endpoint();

/// HF_TOKEN, or what the file holds that `hf auth login` writes (HF_TOKEN_PATH, or token in HF_HOME); empty: none.
std::string hub_token();

/// Whose certificates are trusted instead of the system's: the file that CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE or
/// SSL_CERT_FILE names, the folder (hashed by openssl rehash) of SSL_CERT_DIR. Empty: not set.
std::filesystem::path trusted_certificates();
std::filesystem::path trusted_certificates_folder();

/// HF_HUB_OFFLINE forbids to ask the hub for anything.
bool hub_offline();

} // namespace patchbay
