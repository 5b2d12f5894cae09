"""What the real Python client does with the hub and the cache that the environment names.

    client.py fill KIND ID         downloads a repository; prints its directory
    client.py read KIND ID FILE... finds files without the network; prints each one's path
    client.py settings             prints where it has its cache, and which token it sends
"""

import sys

from huggingface_hub import constants, hf_hub_download, snapshot_download
from huggingface_hub.utils import build_hf_headers

mode, rest = sys.argv[1], sys.argv[2:]
if mode == "fill":
    kind, repository = rest
    print(snapshot_download(repository, repo_type=kind))
elif mode == "read":
    kind, repository, *files = rest
    print(snapshot_download(repository, repo_type=kind, local_files_only=True))
    for file in files:
        print(hf_hub_download(repository, file, repo_type=kind, local_files_only=True))
elif mode == "settings":
    print(constants.HF_HUB_CACHE)
    print(build_hf_headers().get("authorization", "none"))
    print("offline" if constants.HF_HUB_OFFLINE else "online")
