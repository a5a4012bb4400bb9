"""One line of text and a field."""

import streamlit as st  # type: ignore[import-not-found]

st.title("Hello")
st.text_input("Your name")
