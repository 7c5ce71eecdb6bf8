# SPDX-License-Identifier: Apache-2.0
"""The bench of nsexec. bench/run is the program; README.md says how to read what it prints."""
