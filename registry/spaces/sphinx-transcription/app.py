"""A Space that turns English speech into text by PocketSphinx, with the acoustic model that its package carries."""

from pathlib import Path
from threading import Lock

import gradio as gr
import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from pocketsphinx import Decoder

MIN_SECONDS = 0.2
MAX_SECONDS = 60
MIN_RATE_HZ = 4_000
MAX_RATE_HZ = 384_000
MODEL_RATE_HZ = 16_000
BLOCK_FRAMES = 16_384
# The recogniser takes noise away from what it hears, and mishears sound that has none (a machine's voice, edited
# recordings): each recording gets a faint, always equal hiss (64 dB below full scale) and a moment of it at both ends.
HISS = 20 / np.iinfo(np.int16).max
MARGIN_SAMPLES = MODEL_RATE_HZ * 3 // 10

# Live cepstral normalisation would carry something of each recording into the next; batch makes each answer its own.
DECODER = Decoder(samprate=float(MODEL_RATE_HZ), cmn="batch", loglevel="FATAL")
# A decoder holds the state of one utterance, and Gradio calls from several threads where its queue is not used.
DECODER_LOCK = Lock()


def read_samples(path: Path) -> npt.NDArray[np.int16]:
    """Read a sound file as 16 kHz mono 16 bit, made fit for the recogniser.

    Raises:
        gr.Error: not audio, or too short, too long, or of an odd sample rate.
    """
    try:
        with soundfile.SoundFile(path) as sound:
            rate_hz = sound.samplerate
            if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
                raise gr.Error(f"The audio has {rate_hz} samples a second; {MIN_RATE_HZ} to {MAX_RATE_HZ} are read.")
            # The header's length may be a lie: read one frame more than allowed at most, whatever it says.
            blocks = sound.blocks(BLOCK_FRAMES, frames=MAX_SECONDS * rate_hz + 1, dtype="float32", always_2d=True)
            mono = np.concatenate([np.zeros(0, np.float32), *(block.mean(axis=1) for block in blocks)])
    except soundfile.SoundFileError as error:
        raise gr.Error("The file is not audio that can be read: give WAV, FLAC, OGG or MP3.") from error
    if len(mono) < MIN_SECONDS * rate_hz:
        raise gr.Error(f"The audio lasts {len(mono) / rate_hz:.2f} s: too short for a word.")
    if len(mono) > MAX_SECONDS * rate_hz:
        raise gr.Error(f"The audio lasts more than {MAX_SECONDS} s: cut it into shorter parts.")
    # Floating-point WAV may hold anything, infinities too.
    heard = np.clip(np.nan_to_num(mono), -1, 1)
    speech = np.pad(soxr.resample(heard, rate_hz, MODEL_RATE_HZ), MARGIN_SAMPLES)
    speech += np.random.default_rng(0).normal(0, HISS, len(speech)).astype(np.float32)
    return (np.clip(speech, -1, 1) * np.iinfo(np.int16).max).astype(np.int16)


def transcribe(audio: str | None) -> str:
    """Give the words of a recording in lower case, without punctuation; an empty text if none was recognised.

    Raises:
        gr.Error: no file was given, or `read_samples` could not read it.
    """
    if audio is None:
        raise gr.Error("There is no audio: give a recording of English speech.")
    samples = read_samples(Path(audio))
    with DECODER_LOCK:
        DECODER.start_utt()
        DECODER.process_raw(samples.tobytes(), full_utt=True)
        DECODER.end_utt()
        hypothesis = DECODER.hyp()
    return hypothesis.hypstr if hypothesis else ""


demo = gr.Interface(
    fn=transcribe,
    inputs=gr.Audio(label="Audio", type="filepath"),
    outputs=gr.Textbox(label="Transcript"),
    title="PocketSphinx transcription",
    description=f"English speech to text, without a network. At most {MAX_SECONDS} s of WAV, FLAC, OGG or MP3.",
    api_name="transcribe",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    demo.launch()
