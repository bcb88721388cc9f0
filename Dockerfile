# The command impasto in a container that is not root:
#   docker build -t impasto .                                  on the CPU
#   docker build -t impasto:cuda --build-arg DEVICE=cu126 .    on NVIDIA GPUs; run it with --gpus all
#   docker run --rm -v "$PWD:/work" impasto stylize input=photo.jpg style=van_gogh output=painted
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
# cpu, or a version of CUDA as PyTorch names its builds, such as cu126.
ARG DEVICE=cpu
# Optional parts, such as app,export,video; see pyproject.toml.
ARG EXTRAS=app,export,video,formats
WORKDIR /source
RUN python -m venv /opt/impasto
ENV PATH=/opt/impasto/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# torch apart and first: it is most of the image, and stays in the cache while the code changes.
COPY constraints.txt ./
RUN pip install --index-url "https://download.pytorch.org/whl/${DEVICE}" -c constraints.txt torch torchvision
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY conf conf
COPY sweeps sweeps
COPY src src
RUN pip install -c constraints.txt ".[${EXTRAS}]"

FROM python:${PYTHON}-slim
COPY --from=build /opt/impasto /opt/impasto
RUN useradd --create-home --uid 1000 impasto && mkdir /work && chown impasto /work
ENV PATH=/opt/impasto/bin:$PATH IMPASTO_CACHE=/home/impasto/cache
# By its number, so that a host can check that it is not root.
USER 1000
WORKDIR /work
ENTRYPOINT ["impasto"]
CMD ["--help"]
