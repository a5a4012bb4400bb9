"""What a Space needs and was not given: a secret, the right to a model, a way out, a GPU.

The texts are those of huggingface_hub (0.24 to 2), transformers (4 and 5), datasets, openai, anthropic, environs,
decouple, requests, httpx, urllib, curl, Node and torch.
"""

from hf_spaces_runner.planning.log_rules.rule import HOST, REPOSITORY, VARIABLE, Rule, look_for

_GIVE = "export NAME=... (in place of NAME its name), then run it again with --secret NAME"
_GIVE_NAMED = "if you trust the Space with it: export {name}=..., then run it again with --secret {name}"
_GIVE_HUB = (
    "export HF_TOKEN=..., one of yours (huggingface.co/settings/tokens), then run it again with --secret HF_TOKEN"
)
_LACKS_VARIABLE = "it needs a variable that it was not given"
_LACKS_HUB = "it needs a token of the Hub: HF_TOKEN"

# A name in capitals may be anything, so it is taken for a variable only where it looks like a secret or an address, or
# where it is called a variable. To be advised to set one that tunes a library means no lack.
_TUNES = (
    "(?:CUDA|CUDNN|CUBLAS|NCCL|NVIDIA|PYTORCH|TORCH|TF|XLA|JAX|KERAS|OMP|MKL|KMP|OPENBLAS|NUMBA|TOKENIZERS|TRANSFORMERS"
    "|HF_HUB|HF_XET|HF_DATASETS|GRADIO|PYTHON|PIP|XDG|LD|SSL|REQUESTS|NLTK|SPACES|UVICORN|FORWARDED)_"
)
_SECRETS_WORD = r"(?=[A-Z0-9]{1,40}_)(?=[A-Z0-9_]{0,80}(?:KEY|TOKEN|SECRET|PASS|CRED|AUTH|URL|URI|DSN|ENDPOINT))"
_QUOTES = r"[\"'`$({]{0,3}"
_LIKE_SECRET = rf"{_QUOTES}\b(?P<name>(?-i:(?!{_TUNES}){_SECRETS_WORD}[A-Z][A-Z0-9_]{{2,80}}))(?![A-Za-z0-9_=])"
_ANY = rf"{_QUOTES}\b(?P<name>(?-i:(?!{_TUNES}|DISPLAY|HOME|PATH|PORT)[A-Z][A-Z0-9_]{{2,80}}))(?![A-Za-z0-9_=])"
_LACKS = (
    r"[\"'`)}]{0,3}[,:]?\s(?:[\w']{1,12}\s){0,4}?(?:(?:not|\w{1,6}n't|must be|needs to be|to be) (?:been )?"
    r"(?:set|found|defined|provided|configured|given|specified|present|available)"
    r"|missing|required|undefined|unset|empty)\b"
)
_VARIABLE = r"(?:environment|env)[ .]?(?:variables?|vars?)"
_BETWEEN = (
    r"(?: (?:the|your|a|an|both|required|following|correct|valid|environment|env|variables?|vars?|secrets?|keys?"
    r"|api)){0,6}:?\s"
)
# Errors about names in the program itself.
_NOT_A_NAME = r"^(?!\S{0,80}(?:NameError|ReferenceError|AttributeError|UnboundLocalError)).*?"

_URL = r"for url:? https?://[^/\s]{1,200}/"
_HUB_NAMES = (
    look_for(r"access to (?:model|dataset|space) (?P<name>[^\s'\"]{1,200}) is restricted"),
    look_for(
        rf"{_URL}(?:api/(?:models/)?)?(?P<name>(?:[^/\s]{{1,99}}/){{1,3}}?)(?:resolve|revision|tree|auth-check|raw)\b"
    ),
    look_for(rf"{_URL}api/(?:models/)?(?P<name>(?:datasets/)?[^/\s]{{1,99}}/[^/\s]{{1,99}})"),
    look_for(r"access (?:to it )?at https?://[^/\s]{1,200}/(?P<name>(?:datasets/)?[^/\s]{1,99}/[^/\s]{1,99})"),
    look_for(r"(?P<name>[^\s'\"]{1,200}) is (?:not a local folder|a gated repository)"),
    look_for(r"dataset '(?P<name>[^']{1,200})'"),
)
_GATED = "accept the conditions on the model's page of huggingface.co with your account, then: "
_GATED_NAMED = "accept the conditions on https://huggingface.co/{name} with your account, if there are any; then: "
_WAY_OUT = (
    "let it out with --network open, or with --warm-online until it is ready, which fills its model cache; if it is let"
    " out already, look whether this machine is online"
)

GPU_RULES = (
    Rule(
        pattern=look_for(
            r"(?:cuda|hip|gpu)(?: error:)? out of memory|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED"
            r"|torch\S*OutOfMemoryError"
        ),
        verdict="gpu_out_of_memory",
        says="it needs more memory than the GPU has left",
        hint="nvidia-smi shows what else uses the GPU; end that, name another one with --gpus, or ask for less at once",
    ),
    Rule(
        pattern=look_for(
            r"found no nvidia driver|not compiled with cuda|no cuda gpus are available|no cuda-capable device"
            r"|lib(?:cuda|nvidia-ml)\.so[\d.]{0,9}: cannot open|cuda driver version is insufficient"
            r"|nvidia driver on your system is too old|deserialize object on a cuda device but"
            r"|unexpected error from cudaGetDeviceCount|CUDA_HOME.{0,40} (?:not set|unset)|CUDA_ERROR_NO_DEVICE"
            r"|nvidia-smi['\"]?(?::| ).{0,40}(?:not found|no such file)|no such file or directory: ['\"]nvidia-smi"
            r"|error: (?:no gpu (?:was )?found|cuda is not available)|0 active drivers|failed to infer device type"
            r"|NVML(?: Shared)? Library Not Found|CUDA driver library cannot be found"
        ),
        verdict="no_gpu",
        says="it wants a GPU of NVIDIA, and has none",
        hint="give it one with --gpus all, on a machine that has one and the NVIDIA container toolkit; else look for a"
        " Space that runs on the CPU",
    ),
)

HUB_RULES = (
    Rule(
        pattern=look_for(r"OAuth is required but \w{1,80} environment variable is not set"),
        verdict="no_hub_login",
        says="it wants the login of the Hub (hf_oauth), which works there alone",
        hint="add hf_oauth: true to its README.md, which the Hub needs as well; or start it with stand-ins, with which"
        " nobody can sign in: -e OAUTH_CLIENT_ID=none -e OAUTH_CLIENT_SECRET=none"
        " -e OAUTH_SCOPES=openid -e OPENID_PROVIDER_URL=https://huggingface.co",
    ),
    Rule(
        pattern=look_for(
            r"GatedRepoError|access(?:ing)? (?:a )?gated repo|is a gated (?:repository|dataset)"
            r"|access to (?:model|dataset|space) \S{1,200} is restricted|private or gated repo|awaiting a review from"
            r"|RepositoryNotFoundError: 401|is not a local folder and is not a valid model identifier"
            r"|is not a local folder or a valid repository name|if this is a private repository, make sure to pass"
        ),
        verdict="gated_model",
        says="it wants a model that is gated or private, or not there",
        hint=_GATED + _GIVE_HUB,
        hint_named=_GATED_NAMED + _GIVE_HUB,
        names=_HUB_NAMES,
        anywhere=True,
        form=REPOSITORY,
    ),
    Rule(
        pattern=look_for(
            r"LocalEntryNotFoundError|couldn't connect to ['\"]?https?://|OfflineModeIsEnabled|offline mode is enabled"
            r"|outgoing traffic has been disabled|cannot find the requested files in the (?:local|disk) cache"
            r"|temporary failure (?:in name resolution|resolving)|name or service not known"
            r"|no address associated with hostname|failed to resolve '|could not resolve host"
            r"|unable to resolve host address"
            r"|getaddrinfo (?:EAI_AGAIN|ENOTFOUND)|network is unreachable|ENETUNREACH|ConnectTimeout|no such host"
            r"|connection to \S{1,200} timed out|couldn't reach .{1,200} on the hub"
        ),
        verdict="no_network",
        says="it cannot reach what it wants to download",
        hint=_WAY_OUT,
        names=(
            look_for(r"failed to resolve '(?P<name>[^']{1,253})'"),
            look_for(r"\bhost='(?P<name>[^']{1,253})'"),
            look_for(r"connect to ['\"]?https?://(?P<name>[^/'\"\s]{1,253})"),
            look_for(r"cannot reach https?://(?P<name>[^/'\"\s]{1,253})"),
            look_for(r"could not resolve host:? (?P<name>\S{1,253})"),
            look_for(r"getaddrinfo (?:EAI_AGAIN|ENOTFOUND) (?P<name>\S{1,253})"),
        ),
        anywhere=True,
        form=HOST,
    ),
    Rule(
        pattern=look_for(
            r"LocalTokenNotFoundError|token is required \(|requires a token generated from https://huggingface\.co"
            r"|401 (?:client error: )?unauthorized.{0,40}https://[\w.-]{0,60}huggingface\.co"
            r"|https://(?:huggingface\.co|hf\.co)/(?:oauth/)?device\b"
        ),
        verdict="missing_secret",
        says=_LACKS_HUB,
        hint=_GIVE_HUB,
    ),
    Rule(
        pattern=look_for(r"^EOFError"),
        within=look_for(r"huggingface_hub|getpass"),
        verdict="missing_secret",
        says=_LACKS_HUB,
        hint=_GIVE_HUB,
    ),
)

VARIABLE_RULES = (
    # A dictionary of the app's own has keys as well: only the frames tell that it was the environment.
    Rule(
        pattern=look_for(r"^KeyError: ['\"](?P<name>[^'\"\n]{1,200})['\"]$"),
        within=look_for(r"<frozen os>|[/\\]os\.py\"|environ\b"),
        verdict="missing_secret",
        says=_LACKS_VARIABLE,
        hint=_GIVE,
        hint_named=_GIVE_NAMED,
        form=VARIABLE,
    ),
    # os.environ["A"] = os.getenv("B"), without B.
    Rule(
        pattern=look_for(r"^TypeError: str expected, not NoneType"),
        within=look_for(r"<frozen os>|[/\\]os\.py\"|environ\b"),
        verdict="missing_secret",
        says=_LACKS_VARIABLE,
        hint=_GIVE,
        hint_named=_GIVE_NAMED,
        names=(look_for(r"(?:getenv|environ\.get)\(\s{0,4}['\"](?P<name>\w{1,100})['\"]"),),
        anywhere=True,
        form=VARIABLE,
    ),
    Rule(
        pattern=look_for(r"could not resolve authentication method.{0,40}api_key, auth_token"),
        verdict="missing_secret",
        says=f"{_LACKS_VARIABLE}: ANTHROPIC_API_KEY",
        hint=_GIVE_NAMED.replace("{name}", "ANTHROPIC_API_KEY"),
    ),
    Rule(
        pattern=look_for(r"could not resolve authentication method.{0,40}api_key or admin_api_key"),
        verdict="missing_secret",
        says=f"{_LACKS_VARIABLE}: OPENAI_API_KEY",
        hint=_GIVE_NAMED.replace("{name}", "OPENAI_API_KEY"),
    ),
    *(
        Rule(
            pattern=look_for(pattern),
            verdict="missing_secret",
            says=_LACKS_VARIABLE,
            hint=_GIVE,
            hint_named=_GIVE_NAMED,
            form=VARIABLE,
            only_named=True,
        )
        for pattern in (
            _NOT_A_NAME + _LIKE_SECRET + _LACKS,
            rf"{_VARIABLE}:? {_ANY}{_LACKS}",
            rf"{_ANY}[\"'`]? {_VARIABLE}{_LACKS}",
            rf"\b(?:missing|did not find|set|setting|define|export|add|provide|no){_BETWEEN}{_LIKE_SECRET}",
            rf"\b(?:missing|did not find|set|define|export|add|provide)(?: \w{{1,12}}){{0,3}} {_VARIABLE}:? {_ANY}",
            r"\b(?P<name>(?-i:[A-Z][A-Z0-9_]{2,80})): (?:unbound variable|parameter (?:null or )?not set)",
            r"UndefinedValueError: (?P<name>\w{1,100}) not found\. Declare it as envvar",
        )
    ),
)
