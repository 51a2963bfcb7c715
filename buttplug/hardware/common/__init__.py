"""What several buses share: threads for libraries that block, lists that are polled, device nodes and their permissions."""
