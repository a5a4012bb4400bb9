"""What the tiny model is like, for those who cannot import torch."""

CONTEXT_TOKENS = 512
# Thoughts are on unless they are switched off, as in SmolLM3's own.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking | default(true) %}<think>{% endif %}{% endif %}"
)
