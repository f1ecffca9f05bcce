#!/usr/bin/env python3
"""Makes tiny-arcee: a small random model of a family that leans on another's file, with its logits from transformers in float64.

golden.safetensors holds tokens [prompts, pos] and logits. Made with transformers 4.57.6 and torch 2.14:

    python make_arcee.py FOLDER
"""
import sys
from pathlib import Path

import torch
from safetensors.numpy import save_file
from transformers import ArceeConfig, ArceeForCausalLM

folder = Path(sys.argv[1]) / "tiny-arcee"
torch.manual_seed(3)
model = ArceeForCausalLM(ArceeConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, vocab_size=23,
                                     num_key_value_heads=2, max_position_embeddings=16, mlp_bias=True, bos_token_id=0,
                                     eos_token_id=1)).double()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        values = torch.randn_like(parameter) * (0.2 if parameter.dim() == 1 else 0.5)
        parameter.copy_((values + ("norm" in name)).float())
model.float().save_pretrained(folder)
tokens = torch.randint(2, 23, (2, 9))
with torch.no_grad():
    logits = model.double()(tokens).logits
save_file({"tokens": tokens.numpy(), "logits": logits.float().numpy()}, folder / "golden.safetensors")
